/** The frame: the name, the four views, the device, the promise. */
import { useEffect } from 'preact/hooks';
import { baseName } from '../logic/format.ts';
import { hrefOf, type ViewName } from '../route.ts';
import { useStore } from '../state.ts';
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
  const label = VIEWS.find(({ name }) => name === view)!.label;
  useEffect(() => {
    document.title = `${label} · OECL`;
  }, [label]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>('#content h1')?.focus()}>
        Skip to the content
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
          Nothing leaves this computer: no account, no upload, no connection to any address but this page’s own.
        </p>
      </footer>
      <p class="unseen" aria-live="polite" role="status">
        {store.announcement.value}
      </p>
    </>
  );
}

/** A run has ended while something else was looked at. */
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

/** How far the run is, wherever one looks. */
function Progress() {
  const { training } = useStore();
  const { start, latest, phase } = training;
  if (phase.value === 'idle' || phase.value === 'failed') return null;
  const share = start.value === null ? 0 : (latest.value?.step ?? start.value.doneSteps) / start.value.steps;
  return <span class="badge">{phase.value === 'paused' ? 'paused' : `${Math.floor(share * 100)} %`}</span>;
}
