/** The page's state: one store of signals, created once and passed down. It is changed by actions/. */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { AdapterDescription } from '../../base/adapter.ts';
import type { RunConfig } from '../../config/config.ts';
import type { PerScore } from '../../report/result.ts';
import type { RunStart } from '../../runs/hooks.ts';
import type { StepMetrics } from '../../train/stepMetrics.ts';
import type { DataContent, KeptThreshold, NewScores, PageApi, Part, Picture, RunInfo, RunView } from '../pageApi.ts';
import { type Choices, firstChoices, GENERATED } from './logic/choices.ts';
import { Pace } from './logic/pace.ts';
import type { Problem } from './logic/problem.ts';
import { type RunColumns, RunCurves } from './logic/runCurves.ts';
import { type Route, watchRoute } from './route.ts';

export type DeviceState =
  | { kind: 'asking' }
  | { kind: 'ready'; report: AdapterDescription }
  | { kind: 'none'; problem: Problem };

export type Phase = 'idle' | 'preparing' | 'training' | 'evaluating' | 'stopping' | 'paused' | 'failed';

export interface Count {
  done: number;
  /** Null while unknown. */
  total: number | null;
}

/** Where a problem is shown. */
export type Place = 'images' | 'train' | 'results' | 'score' | 'runs';

/** The run in progress, paused or failed. */
export interface Training {
  phase: Signal<Phase>;
  folder: Signal<string | null>;
  start: Signal<RunStart | null>;
  /** What is being read or scored. */
  task: Signal<(Count & { what: string }) | null>;
  latest: Signal<StepMetrics | null>;
  notes: Signal<readonly string[]>;
  /** Attempt to recover the device, 1 to 3; 0 when it was never lost, or works again. */
  recovery: Signal<number>;
  /** The page was closed or reloaded during the run. */
  wasResumed: Signal<boolean>;
  /** Stopped for good, not paused. */
  isLeft: Signal<boolean>;
  /** It was not resumed, because the images have changed since it started. */
  hasChangedData: Signal<boolean>;
  curves: RunCurves;
  pace: Pace;
  /** Counts redraws of the curves, a few per second. */
  drawn: Signal<number>;
}

export interface Results {
  view: RunView;
  /** The score that is shown; `normal`, `outliers` and `order` are of it. */
  score: string;
  normal: Float64Array;
  outliers: Float64Array;
  columns: RunColumns;
  /** Positions in view.images, the most anomalous first. */
  order: readonly number[];
}

/** Scores of test images that a model without its run is compared with. */
export interface Reference {
  folder: string;
  images: RunView['images'];
  score: string;
  normal: Float64Array;
  outliers: Float64Array;
}

export interface Store {
  api: PageApi;
  route: ReadonlySignal<Route>;
  device: Signal<DeviceState>;
  data: Signal<DataContent | null>;
  demo: Signal<readonly Picture[]>;
  adding: Signal<{ part: Part; done: number; total: number } | null>;
  runs: Signal<readonly RunInfo[] | null>;
  choices: Signal<Choices>;
  training: Training;
  results: Signal<Results | null>;
  reference: Signal<Reference | null>;
  /** Images that score below it are called outliers. */
  threshold: Signal<number>;
  /** A threshold that is not stored with its run yet. */
  unkept: ({ folder: string } & KeptThreshold) | null;
  /** New images that were scored with the open run. */
  fresh: Signal<NewScores | null>;
  scoring: Signal<Count | null>;
  problems: Signal<Partial<Record<Place, Problem>>>;
  /** A run that ended while another view was open. */
  finished: Signal<string | null>;
  hasShownView: boolean;
  /** The next announcement for screen readers. */
  announcement: Signal<string>;
}

export function createStore(api: PageApi): Store {
  return {
    api,
    route: watchRoute(),
    device: signal<DeviceState>({ kind: 'asking' }),
    data: signal<DataContent | null>(null),
    demo: signal<readonly Picture[]>([]),
    adding: signal<Store['adding']['value']>(null),
    runs: signal<readonly RunInfo[] | null>(null),
    choices: signal(firstChoices('small')),
    training: {
      phase: signal<Phase>('idle'),
      folder: signal<string | null>(null),
      start: signal<RunStart | null>(null),
      task: signal<Training['task']['value']>(null),
      latest: signal<StepMetrics | null>(null),
      notes: signal<readonly string[]>([]),
      recovery: signal(0),
      wasResumed: signal(false),
      isLeft: signal(false),
      hasChangedData: signal(false),
      curves: new RunCurves(),
      pace: new Pace(),
      drawn: signal(0),
    },
    results: signal<Results | null>(null),
    reference: signal<Reference | null>(null),
    threshold: signal(0),
    unkept: null,
    fresh: signal<NewScores | null>(null),
    scoring: signal<Count | null>(null),
    problems: signal<Partial<Record<Place, Problem>>>({}),
    finished: signal<string | null>(null),
    hasShownView: false,
    announcement: signal(''),
  };
}

export const StoreContext = createContext<Store | null>(null);

export function useStore(): Store {
  return useContext(StoreContext)!;
}

/** An image that a dialog shows: of the test, or a new one. */
export interface ShownImage {
  path: string;
  /** Null for a new image, whose class is unknown. */
  truth: { className: string; isNormal: boolean } | null;
  scores: PerScore;
  uri: string | null;
}

/** A run that occupies the device: nothing else can be trained or scored in the meantime. */
export const isBusy = ({ training }: Store): boolean =>
  ['preparing', 'training', 'evaluating', 'stopping'].includes(training.phase.value);

export const isDemo = (config: Pick<RunConfig, 'dataset'> | null): boolean =>
  config !== null && GENERATED.some(({ name }) => name === config.dataset);
