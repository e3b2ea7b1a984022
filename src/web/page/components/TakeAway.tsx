/** The run's files, as downloads. */
import { FILE } from '../../../runs/runFolder.ts';
import { takeAway } from '../actions/runs.ts';
import { useStore } from '../state.ts';
import { Icon } from './Icon.tsx';

const FILES: readonly { name: string | null; label: string }[] = [
  { name: FILE.report, label: 'Report (HTML)' },
  { name: FILE.scores, label: 'Scores (CSV)' },
  { name: FILE.model, label: 'Model (safetensors)' },
  { name: null, label: 'Run folder (zip)' },
];

export function TakeAway({ folder }: { folder: string }) {
  const store = useStore();
  return (
    <ul class="take-away" aria-label="Downloads">
      {FILES.map(({ name, label }) => (
        <li key={label}>
          <button type="button" class="small" onClick={() => takeAway(store, folder, name)}>
            <Icon name="take" />
            {label}
          </button>
        </li>
      ))}
    </ul>
  );
}
