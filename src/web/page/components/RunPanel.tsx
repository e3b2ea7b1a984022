/** A run in progress: progress, speed, remaining time; pause, resume, stop. */
import { useMemo } from 'preact/hooks';
import { duration } from '../../../base/duration.ts';
import { leaveTraining, pauseTraining, resumeTraining, stopTraining } from '../actions/training.ts';
import { baseName, bytes, whole } from '../logic/format.ts';
import { inPageWords } from '../logic/problem.ts';
import { isDemo, type Phase, type Store, useStore } from '../state.ts';
import { Icon } from './Icon.tsx';
import { Bar, Notice, SyntheticNotice } from './Notices.tsx';
import { TrainingCharts } from './TrainingCharts.tsx';
import { ViewTitle } from './ViewTitle.tsx';

const TITLES: Record<Phase, string> = {
  idle: '',
  preparing: 'Preparing the run',
  training: 'Training',
  evaluating: 'Scoring the test images',
  stopping: 'Finishing the step and writing a checkpoint',
  paused: 'Paused',
  failed: '',
};

export function RunPanel() {
  const store = useStore();
  const { training } = store;
  const phase = training.phase.value;
  const start = training.start.value;
  return (
    <>
      <div class="view-head">
        <div>
          <p class="eyebrow">{baseName(training.folder.value ?? '')}</p>
          <ViewTitle>{TITLES[phase]}</ViewTitle>
        </div>
        <Controls />
      </div>
      {training.wasResumed.value && (
        <Notice kind="info">
          <p>
            <strong>This run was in progress when the page was closed or reloaded.</strong> It resumes from its last
            checkpoint automatically. Pause it if you do not want that now.
          </p>
        </Notice>
      )}
      {training.recovery.value > 0 && (
        <Notice>
          <p>
            <strong>The graphics device was lost</strong> (a driver reset, or too little memory). The run resumes from
            its last checkpoint: attempt {training.recovery.value} of 3. You do not need to do anything.
          </p>
        </Notice>
      )}
      {phase === 'paused' && (
        <p>
          A checkpoint was written. Resume whenever you like, even after closing the page: the run is listed under Runs.
        </p>
      )}
      {start?.synthetic && isDemo(start.config) && <SyntheticNotice />}
      <section class="card" aria-label="Progress">
        <RunBar />
        <Figures />
      </section>
      {start?.steps !== 0 && <LiveCharts />}
      {training.notes.value.length > 0 && (
        <section class="card" aria-labelledby="notes-title">
          <h3 id="notes-title">Notes</h3>
          <ul>
            {training.notes.value.map((note) => (
              <li key={note}>{inPageWords(note)}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Controls() {
  const store = useStore();
  const { phase, folder } = store.training;
  if (phase.value === 'paused') {
    return (
      <div class="buttons">
        <button type="button" class="main" onClick={() => resumeTraining(store, folder.value!)}>
          <Icon name="play" />
          Resume
        </button>
        <button type="button" onClick={() => leaveTraining(store)}>
          New run
        </button>
      </div>
    );
  }
  const isStopping = phase.value === 'stopping';
  return (
    <div class="buttons">
      <button type="button" disabled={isStopping} onClick={() => pauseTraining(store)}>
        <Icon name="pause" />
        Pause
      </button>
      <button type="button" disabled={isStopping} onClick={() => stopTraining(store)}>
        <Icon name="stop" />
        Stop
      </button>
    </div>
  );
}

function LiveCharts() {
  const { training } = useStore();
  const drawn = training.drawn.value;
  // the curves are updated in place; `drawn` signals when
  const columns = useMemo(() => training.curves.columns(), [training, drawn]);
  return <TrainingCharts {...columns} />;
}

const stepsDone = ({ training }: Store): number => training.latest.value?.step ?? training.start.value?.doneSteps ?? 0;

function RunBar() {
  const store = useStore();
  const { task, start, latest } = store.training;
  if (task.value) return <Bar label={task.value.what} count={task.value} />;
  if (!start.value)
    return <Bar label="Preparing: reading images, compiling kernels" count={{ done: 0, total: null }} />;
  const done = stepsDone(store);
  const { steps, stepsPerEpoch, config } = start.value;
  if (steps === 0)
    return <Bar label="Nothing to train: the images go through the network once" count={{ done: 0, total: null }} />;
  const epoch = latest.value ? latest.value.epoch + 1 : Math.min(Math.floor(done / stepsPerEpoch) + 1, config.epochs);
  return (
    <Bar
      label={`Step ${whole(done)} of ${whole(steps)}, epoch ${whole(epoch)} of ${whole(config.epochs)}`}
      count={{ done, total: steps }}
    />
  );
}

function Figures() {
  const store = useStore();
  const { start, pace, drawn, phase } = store.training;
  if (!start.value || drawn.value < 0) return null;
  const { steps, imagesPerStep, counts, deviceBytes } = start.value;
  const rate = pace.stepsPerSecond();
  const left = pace.secondsFor(steps - stepsDone(store));
  const isGoing = phase.value === 'training';
  const figures = [
    { name: 'Speed', value: rate === null ? '–' : speed(rate * imagesPerStep), unit: rate === null ? '' : 'images/s' },
    { name: 'Time left', value: left === null || !isGoing ? '–' : duration(left), unit: '' },
    { name: 'Device memory', value: bytes(deviceBytes), unit: '' },
    { name: 'Normal images', value: whole(counts.trainImages), unit: '' },
    { name: 'Outlier images', value: counts.oeImages === 0 ? 'none' : whole(counts.oeImages), unit: '' },
  ];
  return (
    <dl class="figures">
      {figures.map(({ name, value, unit }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value} <small>{unit}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const speed = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value));
