/** Which score is shown: in the charts, the tables, the gallery and the verdicts. */
import { scoreNamed } from '../../../scores/table.ts';
import { chooseScore } from '../actions/results.ts';
import { useStore } from '../state.ts';

interface ScorePickerProps {
  score: string;
  names: readonly string[];
  /** What stands beside a name. */
  noteOf?(name: string): string;
}

export function ScorePicker({ score, names, noteOf }: ScorePickerProps) {
  const store = useStore();
  return (
    <div class="field">
      <label for="score">Score</label>
      <select id="score" value={score} onChange={(event) => chooseScore(store, event.currentTarget.value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
            {noteOf?.(name)}
          </option>
        ))}
      </select>
      <p class="quiet">{scoreNamed(score)?.summary}</p>
    </div>
  );
}
