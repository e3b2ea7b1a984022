/**
 * Every value that a run uses, in one plain object: what config.json holds, what a preset fills, what --resume compares.
 * Nothing below the command line reads an option; everything reads this.
 */

import type { KernelTable } from '../../runtime/index.ts';
import type { AugmentOptions } from '../augment/augmenter.ts';
import { UsageError } from '../base/errors.ts';
import { folderName } from '../base/folderNames.ts';
import { EVERY_CLASS, findClass, isEveryClass, isSameName } from '../base/names.ts';
import type { Preset } from '../base/recipe.ts';
import { type DatasetName, datasetNamed } from '../data/datasets/table.ts';
import type { Fit } from '../data/fit.ts';
import { parseSource, sourceText } from '../data/outlierSource.ts';
import { hasOption, type MethodName, methodNamed, usesOutliers } from '../methods/table.ts';
import { type ProtocolName, protocolNamed } from '../protocols/table.ts';
import { defaultWarmup, presetValues } from './presets.ts';

export const OPTIMIZERS = ['sgd', 'lars', 'adam'] as const;
export const PLACES = ['node', 'chrome'] as const;
export const ARCHITECTURES = ['resnet18', 'resnet10'] as const;
/** `auto`: as `on` on a GPU, as `off` on a software adapter, where the fixed choices are as good (docs/performance.md). */
export const TUNE_MODES = ['auto', 'on', 'off'] as const;
/** What `--tune` takes beside them: the config.json of another run. */
export const TABLE_FILE = '.json';
export const PRECISIONS = ['f32', 'f16'] as const;

export interface RunConfig {
  dataset: DatasetName;
  /** Where the data set lies, as given; null: $OECL_DATA/NAME, then data/NAME. */
  data: string | null;
  protocol: ProtocolName;
  /** Class name or index, or `all`; null: the only class there is. A run's own config.json holds the class's name. */
  normal: string | null;
  method: MethodName;
  /** `dead-leaves`, `NAME[:DIR]` or `folder:DIR`; null for methods that see no outliers. */
  oe: string | null;
  /** Weight of the outliers' norm penalty after the warm-up. */
  lambda: number;
  /** Epochs with lambda = 0. */
  warmup: number;
  temperature: number;
  epochs: number;
  /** Normal images a step; the same number of outlier images, and two views of each. */
  batch: number;
  /** The batch that was asked for, where the images of the class were fewer; else null. */
  askedBatch: number | null;
  /** Learning rate at epoch 0; cosine decay to 0 at the last epoch. */
  lr: number;
  weightDecay: number;
  momentum: number;
  optimizer: (typeof OPTIMIZERS)[number];
  arch: (typeof ARCHITECTURES)[number];
  /** Channels of the first stage. */
  width: number;
  /** Side of the network's input, pixels. */
  size: number;
  /** How activations are stored. */
  precision: (typeof PRECISIONS)[number];
  /** Area fractions of the random crop, smallest and largest. */
  scale: [number, number];
  /** T: augmented views an image at evaluation, beside the plain one. */
  views: number;
  /** The main score; null: the method's. */
  score: string | null;
  seed: number;
  /** Epochs between checkpoints. */
  checkpointEvery: number;
  skipBad: boolean;
  /** How images that are not square are fitted. */
  fit: Fit;
  /** Bits of 16-bit samples that the training images use; null when none of them has 16 bits, or until they are read. */
  sampleBits: number | null;
  preset: Preset;
  adapter: string | null;
  /** `browser`: a page that used the library. */
  where: (typeof PLACES)[number] | 'browser';
  /** The run folder. */
  out: string;
  /** `auto`, `on`, `off`, or a config.json whose `kernels` are used (kernels.ts). */
  tune: string;
  /** Which implementation each convolution uses, but for those of the fixed choice; null until it is known. */
  kernels: KernelTable | null;
}

/** What scores depend on beside the weights: enough to use a trained model without its run. */
export type ScoringConfig = Pick<
  RunConfig,
  | 'dataset'
  | 'arch'
  | 'width'
  | 'size'
  | 'precision'
  | 'scale'
  | 'views'
  | 'fit'
  | 'sampleBits'
  | 'seed'
  | 'method'
  | 'normal'
>;

/** What a command line can set: all of it optional, filled in by the preset. */
export type ConfigChoices = {
  [K in Exclude<keyof RunConfig, 'kernels' | 'sampleBits' | 'askedBatch'>]?: NonNullable<RunConfig[K]>;
};

/** Values that change where or how a run goes, and never one bit of its result: free to differ at --resume. */
const NOT_OF_THE_RESULT: readonly (keyof RunConfig)[] = [
  'data',
  'adapter',
  'where',
  'out',
  'checkpointEvery',
  'preset',
  'tune',
  'kernels',
  'askedBatch',
];

/**
 * The full configuration: choices first, then the preset's values for the data set.
 * @throws UsageError when values contradict each other.
 */
export function resolveConfig(choices: ConfigChoices, adapter: { isSoftware: boolean }): RunConfig {
  const dataset = choices.dataset ?? 'demo';
  const preset = choices.preset ?? (adapter.isSoftware ? 'tiny' : 'paper');
  const method = choices.method ?? 'oecl';
  const protocol = choices.protocol ?? 'one-vs-rest';
  const { isOfAllClasses } = protocolNamed(protocol);
  if (isOfAllClasses && choices.normal !== undefined && !isEveryClass(choices.normal)) {
    throw new UsageError(`--protocol ${protocol} --normal ${choices.normal}: with ${protocol} every class is normal.`, {
      remedy: '--protocol one-vs-rest, or no --normal',
    });
  }
  const chosen = Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined));
  const config: RunConfig = {
    data: null,
    ...presetValues(preset, dataset),
    precision: 'f32',
    score: null,
    warmup: 0,
    seed: 0,
    checkpointEvery: 10,
    skipBad: false,
    fit: 'crop',
    sampleBits: null,
    adapter: null,
    where: 'node',
    tune: 'auto',
    kernels: null,
    askedBatch: null,
    ...(chosen as ConfigChoices),
    dataset,
    preset,
    method,
    protocol,
    normal:
      protocol === 'all-normal'
        ? EVERY_CLASS
        : className(dataset, choices.normal ?? datasetNamed(dataset).defaultNormal),
    oe: null,
    out: '',
  };
  if (usesOutliers(method, config)) config.oe = sourceText(parseSource(choices.oe ?? 'dead-leaves'));
  else if (choices.oe !== undefined) {
    throw new UsageError(
      `--method ${method} --oe ${choices.oe}: ${methodNamed(method).title} trains on normal images alone.`,
      {
        remedy: '--method oecl, or no --oe',
      },
    );
  }
  config.warmup = hasOption(method, 'warmup') ? (choices.warmup ?? defaultWarmup(preset, config.epochs)) : 0;
  if (!hasOption(method, 'lambda')) config.lambda = 0;
  if (config.warmup > config.epochs) {
    throw new UsageError(`--warmup ${config.warmup}: longer than the ${config.epochs} epochs of the run.`, {
      remedy: `--warmup ${defaultWarmup(preset, config.epochs)}`,
    });
  }
  config.out = choices.out ?? defaultRunFolder(config);
  return sortKeys(config);
}

/** What the augmentation needs of a configuration. */
export function augmentOptions({ dataset, size, scale, seed }: ScoringConfig): AugmentOptions {
  return { size, scale, seed, ...datasetNamed(dataset).statistics };
}

/** runs/<dataset>-<method>-<normal>-<seed>, as the command line promises. */
export function defaultRunFolder(config: Pick<RunConfig, 'dataset' | 'method' | 'normal' | 'seed'>): string {
  return `runs/${config.dataset}-${config.method}-${folderName(config.normal ?? 'only')}-${config.seed}`;
}

/** The bytes of config.json: keys in the order of the interface, two spaces, a newline at the end. */
export function configJson(config: RunConfig): string {
  return `${JSON.stringify(sortKeys(config), null, 2)}\n`;
}

/** Names of the values in which two configurations differ, of those that a result depends on. */
export function configDifferences(a: RunConfig, b: RunConfig): (keyof RunConfig)[] {
  return KEYS.filter((key) => !NOT_OF_THE_RESULT.includes(key) && JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}

/**
 * The configuration with which a stored run goes on: the stored values, but where the call says otherwise in things that
 * the result does not depend on.
 * @throws UsageError when the call asks for another value of something that the result depends on.
 */
export function resumedConfig(stored: RunConfig, choices: ConfigChoices): RunConfig {
  const asked: RunConfig = { ...stored, ...(choices as Partial<RunConfig>), out: choices.out ?? stored.out };
  if (choices.oe !== undefined) asked.oe = sourceText(parseSource(choices.oe));
  const { normal } = choices;
  // another spelling, or an index, is looked up among the classes once they are known (run.ts)
  const isForLater = normal !== undefined && stored.normal !== null && meansMaybe(normal, stored.normal);
  if (isForLater) asked.normal = stored.normal;
  asked.askedBatch ??= null; // runs from before it was stored
  // a batch larger than its class was lowered when the run began; the same command asks for the larger one again
  if (choices.batch === stored.askedBatch) asked.batch = stored.batch;
  asked.preset = stored.preset;
  asked.tune ??= 'auto'; // runs of before there was a table
  asked.kernels = choices.tune === 'off' ? {} : choices.tune?.endsWith('.json') ? null : (stored.kernels ?? null);
  const different = configDifferences(stored, asked);
  if (different.length > 0) {
    const flags = different.map((key) => `${flagOf(key)} ${shown(stored[key])}, not ${shown(asked[key])}`);
    throw new UsageError('--resume: the stored run has other values, and a run cannot change them half-way.', {
      details: flags,
      remedy: 'leave these options out to go on, or --out with another folder for a new run',
    });
  }
  if (isForLater) asked.normal = className(stored.dataset, normal);
  return sortKeys(asked);
}

/** Whether a --normal may turn out to be this class. */
const meansMaybe = (normal: string, stored: string): boolean =>
  isSameName(normal, stored) || (/^\d+$/.test(normal) && !isEveryClass(stored));

/** `checkpointEvery` as the option is spelt: `--checkpoint-every`; `where` is `--in`. */
export function flagOf(key: string): string {
  return key === 'where' ? '--in' : `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const shown = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

/** A known class in its own spelling; anything else as it was typed, to be looked up when the data is there. */
function className(dataset: DatasetName, typed: string | null): string | null {
  if (typed === null) return null;
  return isEveryClass(typed) ? EVERY_CLASS : (findClass(typed, datasetNamed(dataset).classes) ?? typed);
}

const KEYS: readonly (keyof RunConfig)[] = [
  'dataset',
  'data',
  'protocol',
  'normal',
  'method',
  'oe',
  'lambda',
  'warmup',
  'temperature',
  'epochs',
  'batch',
  'askedBatch',
  'lr',
  'weightDecay',
  'momentum',
  'optimizer',
  'arch',
  'width',
  'size',
  'precision',
  'scale',
  'views',
  'score',
  'seed',
  'checkpointEvery',
  'skipBad',
  'fit',
  'sampleBits',
  'preset',
  'adapter',
  'where',
  'out',
  'tune',
  'kernels',
];

function sortKeys(config: RunConfig): RunConfig {
  return Object.fromEntries(KEYS.map((key) => [key, config[key]])) as unknown as RunConfig;
}
