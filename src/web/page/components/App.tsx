/** The frame: the name, the four views, the device, the promise. */
import { useEffect } from 'preact/hooks';
import { baseName } from '../logic/format.ts';
import { hrefOf, type ViewName } from '../route.ts';
import { type Store, useStore } from '../state.ts';
import { DeviceChip, DeviceNotice } from './Device.tsx';
import { Icon } from './Icon.tsx';
import { ImagesView } from './ImagesView.tsx';
import { Logo } from './Logo.tsx';
import { Notice } from './Notices.tsx';
import { ResultsView } from './ResultsView.tsx';
import { RunsView } from './RunsView.tsx';
import { TrainView } from './TrainView.tsx';

const VIEWS: readonly { name: ViewName; label: string }[] = [
  { name: 'images', label: 'Images' },
  { name: 'train', label: 'Train' },
  { name: 'results', label: 'Results' },
  { name: 'runs', label: 'Runs' },
];

export function App() {
  const store = useStore();
  const { view } = store.route.value;
  return (
    <>
      <Title />
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>('#content h1')?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <div class="inner">
          <span class="brand">
            <Logo />
            <strong>OECL</strong>
            <span class="quiet">out-of-distribution detection</span>
          </span>
          <Views />
          <DeviceChip />
        </div>
      </header>
      <main id="content">
        <DeviceNotice />
        <FinishedNotice />
        {view === 'images' && <ImagesView />}
        {view === 'train' && <TrainView />}
        {view === 'results' && <ResultsView />}
        {view === 'runs' && <RunsView />}
      </main>
      <footer class="bottom">
        <p>
          <Icon name="lock" />
          Nothing leaves this computer: no account, no upload, no connection to any other address.
        </p>
      </footer>
      <p class="unseen" aria-live="polite" role="status">
        {store.announcement.value}
      </p>
    </>
  );
}

/** A run has ended while another view was open. */
function FinishedNotice() {
  const { finished } = useStore();
  const folder = finished.value;
  if (folder === null) return null;
  return (
    <Notice kind="info">
      <p>
        <strong>{baseName(folder)} is finished.</strong>{' '}
        <a href={hrefOf({ view: 'results', folder })}>Open its results</a>
      </p>
    </Notice>
  );
}

function Views() {
  const store = useStore();
  const open = store.results.value?.view.folder ?? null;
  return (
    <nav aria-label="Views">
      <ul>
        {VIEWS.map(({ name, label }) => (
          <li key={name}>
            <a
              href={hrefOf({ view: name, folder: name === 'results' ? open : null })}
              aria-current={store.route.value.view === name ? 'page' : undefined}
            >
              {label}
              {name === 'train' && <Progress />}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Progress of the run in words; null when there is none. */
function progressWords({ training: { start, latest, phase } }: Store): string | null {
  if (phase.value === 'idle' || phase.value === 'failed') return null;
  if (phase.value === 'paused') return 'paused';
  const share = start.value === null ? 0 : (latest.value?.step ?? start.value.doneSteps) / start.value.steps;
  return `${Math.floor(share * 100)} %`;
}

/** Progress of the run, in every view. */
function Progress() {
  const words = progressWords(useStore());
  return words === null ? null : <span class="badge">{words}</span>;
}

/** The tab's title, which shows the progress while other tabs are active. */
function Title() {
  const store = useStore();
  const { view } = store.route.value;
  const { label } = VIEWS.find(({ name }) => name === view)!;
  const title = [progressWords(store), label, 'OECL'].filter(Boolean).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
