/** A run: starting, pausing, resuming, and following it. */

import { ChangedDataError } from '../../../base/errors.ts';
import { oneLine } from '../../../base/text.ts';
import type { TrainOptions } from '../../../library/types.ts';
import { parseMetrics } from '../../../runs/metricsLines.ts';
import type { TrainCallbacks } from '../../pageApi.ts';
import { trainOptions } from '../logic/choices.ts';
import { baseName, percent, whole } from '../logic/format.ts';
import { Pace } from '../logic/pace.ts';
import { RunCurves } from '../logic/runCurves.ts';
import { goTo } from '../route.ts';
import { isBusy, type Store, type Training } from '../state.ts';
import { readRuns } from './runs.ts';
import { announce, clearProblem, showProblem } from './shared.ts';

/** Screen readers announce every tenth of the run. */
const ANNOUNCED_SHARE = 0.1;

export async function startTraining(store: Store): Promise<void> {
  await navigator.storage.persist(); // otherwise a browser short of space may delete images and runs; a refusal is not an error
  const taken = (store.runs.value ?? []).map(({ folder }) => folder);
  await run(store, trainOptions(store.choices.value, store.data.value, taken));
}

/** Resumes from the last checkpoint. @param acceptChangedData even if the images have changed */
export async function resumeTraining(store: Store, folder: string, acceptChangedData = false): Promise<void> {
  if (isBusy(store)) return;
  goTo('train');
  await run(store, { out: folder, resume: true, acceptChangedData });
}

/** Resumes the run that was in progress when the page was last closed. */
export async function resumeUnfinished(store: Store): Promise<void> {
  const info = await store.api.unfinished().catch(() => null);
  if (info === null) return;
  store.training.wasResumed.value = true;
  announce(store, `${baseName(info.folder)} resumes from its last checkpoint.`);
  await resumeTraining(store, info.folder);
}

/** Finishes the step and writes a checkpoint. */
export async function pauseTraining(store: Store): Promise<void> {
  store.training.phase.value = 'stopping';
  await store.api.interrupt();
}

/** Like a pause, but returns to the form; the stopped run stays in the list of runs. */
export async function stopTraining(store: Store): Promise<void> {
  store.training.isLeft.value = true;
  await pauseTraining(store);
}

/** Returns from a paused or failed run to the form; the run stays in the list of runs. */
export function leaveTraining({ training }: Store): void {
  training.phase.value = 'idle';
  training.wasResumed.value = false;
}

async function run(store: Store, options: TrainOptions): Promise<void> {
  const { training } = store;
  const wasResumed = training.wasResumed.value;
  clearProblem(store, 'train');
  reset(training);
  training.wasResumed.value = wasResumed;
  training.folder.value = options.out ?? null;
  training.phase.value = 'preparing';
  if (options.resume) await readHistory(store, options.out!);
  try {
    const { folder, interrupted } = await store.api.train(options, followed(store));
    training.phase.value = interrupted && !training.isLeft.value ? 'paused' : 'idle';
    training.folder.value = folder;
    announce(store, interrupted ? 'The run has stopped; a checkpoint was written.' : 'Training has finished.');
    if (!interrupted && store.route.value.view === 'train') goTo('results', folder);
    else if (!interrupted) store.finished.value = folder;
  } catch (error) {
    training.phase.value = 'failed';
    training.hasChangedData.value = error instanceof ChangedDataError;
    showProblem(store, 'train', error);
  }
  training.wasResumed.value = false;
  await readRuns(store);
}

function reset(training: Training): void {
  training.start.value = null;
  training.task.value = null;
  training.latest.value = null;
  training.notes.value = [];
  training.recovery.value = 0;
  training.isLeft.value = false;
  training.hasChangedData.value = false;
  training.curves = new RunCurves();
  training.pace = new Pace();
  training.drawn.value++;
}

/** The curves up to the checkpoint, from the run's metrics.jsonl. Without them only the picture is shorter. */
async function readHistory({ api, training }: Store, folder: string): Promise<void> {
  const text = await api.file(folder, 'metrics.jsonl').then(
    (file) => file.text(),
    () => '',
  );
  training.curves.add(parseMetrics(text).metrics);
  training.drawn.value++;
}

function followed(store: Store): TrainCallbacks {
  const { training } = store;
  let announced = 0;
  return {
    onLoad: (what, done, total) => {
      training.task.value = { what, done, total };
    },
    onStart: (start) => {
      training.start.value = start;
      training.folder.value = start.config.out;
      training.task.value = null;
      training.curves.cutAfter(start.doneSteps);
      if (training.phase.value === 'preparing') training.phase.value = 'training';
      announced = start.doneSteps / start.steps;
      announce(store, 'Training has started.');
    },
    onSteps: (metrics) => {
      training.curves.add(metrics);
      for (const { ms } of metrics) training.pace.add(ms);
      training.recovery.value = 0;
      training.latest.value = metrics.at(-1) ?? training.latest.value;
      training.drawn.value++;
      const share = (training.latest.value?.step ?? 0) / (training.start.value?.steps ?? Infinity);
      if (share >= announced + ANNOUNCED_SHARE) {
        announced = share;
        announce(store, `${percent(share)} trained, step ${whole(training.latest.value!.step)}.`);
      }
    },
    onEvaluate: (done, total) => {
      if (training.phase.value !== 'stopping') training.phase.value = 'evaluating';
      training.task.value = { what: 'Scoring the test images', done, total };
    },
    onNote: (text) => {
      training.notes.value = [...training.notes.value, oneLine(text)];
    },
    onRecover: (count) => {
      training.recovery.value = count;
      announce(store, `The device was lost. The run resumes from its last checkpoint, attempt ${count} of 3.`);
    },
  };
}
