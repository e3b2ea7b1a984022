/**
 * Every value that a run uses, in one plain object: config.json stores it, presets fill it in, --resume compares it. Nothing
 * below the command line reads options; everything reads this.
 */

import type { KernelTable } from '../../runtime/index.ts';
import { type AugmentationName, augmentationNamed } from '../augment/augmentations.ts';
import type { AugmentOptions } from '../augment/augmenter.ts';
import { UsageError } from '../base/errors.ts';
import { folderName } from '../base/folderNames.ts';
import { EVERY_CLASS, findClass, isEveryClass, isSameName } from '../base/names.ts';
import { expectedValue, isValueOf, type OptionValue } from '../base/options.ts';
import type { Preset } from '../base/recipe.ts';
import type { ChannelStatistics } from '../data/dataset.ts';
import { type DatasetName, datasetNamed } from '../data/datasets/table.ts';
import type { Fit } from '../data/fit.ts';
import { DEAD_LEAVES, parseSource, sourceText } from '../data/outlierSource.ts';
import { parseStatistics } from '../data/statistics.ts';
import { isTrained, METHODS, type MethodName, type MethodValues, methodNamed, usesOutliers } from '../methods/table.ts';
import { ARCHITECTURES, type ArchitectureName, architectureNamed } from '../models/table.ts';
import type { WeightsNetwork } from '../models/weights.ts';
import { type ProtocolName, protocolNamed } from '../protocols/table.ts';
import { readsMaps, scoresOf, usesAugmentedViews } from '../scores/table.ts';
import { methodFor } from './defaultMethod.ts';
import { checkWeights, weightsDefaults, weightsFile } from './initialWeights.ts';
import { parseMilestones } from './milestones.ts';
import type { OPTIMIZERS, PRECISIONS } from './networkOptions.ts';
import type { NORMALIZATIONS, OE_ORDERS } from './parityOptions.ts';
import { recipeOf } from './presets.ts';
import { type PLACES, TABLE_FILE } from './runOptions.ts';
import { CONFIG_OPTIONS, hasOption } from './trainOptions.ts';

/** A run's configuration; the options of its method are keys besides these. */
export interface RunConfig extends MethodValues {
  dataset: DatasetName;
  /** Where the data set is, as given; null: $OECL_DATA/NAME, then data/NAME. */
  data: string | null;
  protocol: ProtocolName;
  /** Class name or index, or `all`; null: the only possible class. A run's own config.json stores the class name. */
  normal: string | null;
  method: MethodName;
  /** `dead-leaves`, `NAME[:DIR]` or `folder:DIR`; null for methods without outlier exposure. */
  oe: string | null;
  epochs: number;
  /** Normal images per step; methods with outlier exposure add the same number of outlier images. */
  batch: number;
  /** The requested batch, if it was reduced to the number of images of the class; otherwise null. */
  askedBatch: number | null;
  /** Learning rate at epoch 0, with cosine decay to 0 at the last epoch. */
  lr: number;
  weightDecay: number;
  momentum: number;
  optimizer: (typeof OPTIMIZERS)[number];
  /** Epochs at which the learning rate drops to a tenth, as text: `100,150`; null: cosine decay. */
  milestones: string | null;
  /** Epochs in which the learning rate rises, per step. */
  lrWarmup: number;
  /** The cosine decay proceeds per step. */
  lrPerStep: boolean;
  /** SGD with Nesterov momentum. */
  nesterov: boolean;
  /** Stages of the backbone, from the first one, that keep their initial weights. */
  freeze: number | 'all';
  /** Initial weights: drawn, built in, or the path of a file (weightsFile). */
  init: string;
  /** How images are augmented. */
  augment: AugmentationName;
  /** What colors are normalized by. */
  normalize: (typeof NORMALIZATIONS)[number];
  /** Mean and standard deviation of each channel of the normal training images, if `normalize` is `training`; as text. */
  statistics: string | null;
  /** LARS scales and decays biases and batch norm, too. */
  larsAll: boolean;
  /** Fills the last batch of an epoch from the next pass. */
  wrap: boolean;
  /** How outlier-exposure images are drawn. */
  oeOrder: (typeof OE_ORDERS)[number];
  arch: ArchitectureName;
  /** Channels of the first stage. */
  width: number;
  /** Side of the network's input, in pixels. */
  size: number;
  /** The type in which activations are stored. */
  precision: (typeof PRECISIONS)[number];
  /** Area range of the random crop, as fractions: smallest and largest. */
  scale: [number, number];
  /** T: augmented views per image at evaluation, besides the plain one. */
  views: number;
  /** The main score; null: the method's. */
  score: string | null;
  seed: number;
  /** Epochs between checkpoints. */
  checkpointEvery: number;
  skipBad: boolean;
  /** How images that are not square are fitted. */
  fit: Fit;
  /** Bits of 16-bit samples that the training images use; null if none has 16 bits, or before they are read. */
  sampleBits: number | null;
  preset: Preset;
  adapter: string | null;
  /** `browser`: a page that used the library. */
  where: (typeof PLACES)[number] | 'browser';
  /** Path of the run folder. */
  out: string;
  /** `auto`, `on`, `off`, or a config.json whose `kernels` are used (kernels.ts). */
  tune: string;
  /** Why this method, and what else there is, if the call named none; otherwise null. */
  methodReason: string | null;
  /** The implementation of each convolution, except those of the fixed choice; null until known. */
  kernels: KernelTable | null;
}

/** What scores depend on besides the weights: enough to use a trained model without its run. */
export const SCORING_KEYS = [
  ...(['dataset', 'arch', 'method', 'normal', 'precision', 'fit', 'sampleBits'] as const),
  ...(['width', 'size', 'scale', 'views', 'seed', 'recipe', 'augment', 'normalize', 'statistics'] as const),
] as const;

export type ScoringConfig = Pick<RunConfig, (typeof SCORING_KEYS)[number]>;

/** Values that a run determines and records; no option sets them. */
const RECORDED = { askedBatch: null, sampleBits: null, statistics: null, methodReason: null, kernels: null } as const;

/** What a caller can set. All of it is optional: the preset, the data set and the defaults fill in the rest. */
export type ConfigChoices = {
  [K in Exclude<keyof RunConfig, keyof typeof RECORDED>]?: NonNullable<RunConfig[K]>;
};

/** The keys of config.json, in order. */
const KEYS = [...CONFIG_OPTIONS.map(({ key }) => key!), ...Object.keys(RECORDED)] as readonly (keyof RunConfig)[];

/** Keys of values that never affect the result, not even bitwise, and so may differ at --resume. */
const FREE: readonly string[] = [
  ...CONFIG_OPTIONS.filter(({ isFree }) => isFree).map(({ key }) => key!),
  'askedBatch',
  'methodReason',
  'kernels',
];

/** Defaults where nothing else decides. */
const DEFAULTS = {
  ...Object.fromEntries(
    CONFIG_OPTIONS.map(({ key, value = null }) => [key, typeof value === 'function' ? null : value]),
  ),
  ...RECORDED,
} as unknown as RunConfig;

/**
 * The full configuration: the choices take precedence over what follows from the initial weights, and that over the preset's
 * values for the data set.
 * @param weights the network of the file that --init names, unless nothing depends on it
 * @throws UsageError when values contradict each other
 */
export function resolveConfig(
  given: ConfigChoices,
  adapter: { isSoftware: boolean },
  weights?: WeightsNetwork | null,
): RunConfig {
  const typed = withoutUndefined(given);
  const preset = typed.preset ?? (adapter.isSoftware ? 'tiny' : 'paper');
  const { method, reason, other } = methodFor(typed, preset);
  const choices: ConfigChoices = { ...typed, method };
  if (reason !== null && !usesOutliers(method, choices)) delete choices.oe; // which is said beside the reason
  const { protocol } = { ...DEFAULTS, ...choices };
  const { title } = methodNamed(method);
  const { isOfAllClasses } = protocolNamed(protocol);
  if (isOfAllClasses && choices.normal !== undefined && !isEveryClass(choices.normal)) {
    throw new UsageError(`--protocol ${protocol} --normal ${choices.normal}: with ${protocol} every class is normal.`, {
      remedy: '--protocol one-vs-rest, or no --normal',
    });
  }
  if (methodNamed(method).needsClasses && protocolNamed(protocol).isOfOneClass) {
    throw new UsageError(
      `--method ${method} --protocol ${protocol}: ${title} learns from the classes of normal images, and there is one.`,
      {
        remedy:
          '--protocol leave-one-out or all-normal (without --normal), with training images in two normal classes or more, or another method',
      },
    );
  }
  const foreign = Object.keys(choices).find((key) => !hasOption(method, key));
  if (foreign !== undefined) {
    const only = CONFIG_OPTIONS.find((each) => each.key === foreign)?.only;
    const owners = only
      ? [only === 'trained' ? 'a method that trains' : 'a method with an ensemble score']
      : METHODS.filter(({ name }) => hasOption(name, foreign)).map(({ name }) => `--method ${name}`);
    const call = `--method ${method} ${flagOf(foreign)} ${shown(choices[foreign as keyof ConfigChoices])}`;
    throw new UsageError(
      `${call}: ${only ? 'it would have no effect with this method' : `${title} has no such option`}.`,
      {
        remedy: `${owners.join(' or ')}, or no ${flagOf(foreign)}`,
      },
    );
  }
  const config: RunConfig = {
    ...filledConfig({ ...choices, preset }, weights),
    methodReason: reason && `${reason}; ${other}`,
  };
  if (config.oe === null && choices.oe !== undefined) {
    const owners = METHODS.filter(({ name }) => usesOutliers(name, config)).map(({ name }) => `--method ${name}`);
    throw new UsageError(`--method ${method} --oe ${choices.oe}: ${title} trains on normal images alone.`, {
      remedy: `${owners.join(' or ')}, or no --oe`,
    });
  }
  if (methodNamed(method).needsOutliers && config.oe === DEAD_LEAVES) {
    throw new UsageError(
      `--method ${method} --oe ${DEAD_LEAVES}: it learns from outliers that you have, and these are generated.`,
      {
        remedy: '--oe folder:DIR with five of them or more, or --method dn2, which needs none',
      },
    );
  }
  const { score } = config;
  if (score !== null && !scoresOf(method).some(({ name }) => name === score)) {
    throw new UsageError(`--score ${score}: the method ${method} has no such score.`, {
      remedy: `one of ${scoresOf(method)
        .map(({ name }) => name)
        .join(', ')}`,
    });
  }
  methodNamed(method).check?.(config);
  if (isTrained(method)) checkSchedule(config);
  checkSide(config);
  if (weights || weightsFile(config.init) === null) {
    checkFreeze(config); // the architecture of a file is not known before
    checkMaps(config);
  }
  checkWeights(config, weights);
  checkUse(choices, config);
  return config;
}

/** Options that have an effect only beside others: what they need, in words. */
const USES: readonly { key: keyof ConfigChoices; isUsed(config: RunConfig): boolean; need: string }[] = [
  { key: 'momentum', isUsed: ({ optimizer }) => optimizer !== 'adam', need: '--optimizer sgd or lars' },
  { key: 'nu', isUsed: ({ boundary }) => boundary === 'soft', need: '--boundary soft' },
  { key: 'nesterov', isUsed: ({ optimizer }) => optimizer === 'sgd', need: '--optimizer sgd' },
  { key: 'larsAll', isUsed: ({ optimizer }) => optimizer === 'lars', need: '--optimizer lars' },
  { key: 'lrPerStep', isUsed: ({ milestones }) => milestones === null, need: 'no --milestones' },
  { key: 'oeOrder', isUsed: ({ oe }) => oe !== null, need: 'a method with outlier exposure' },
  { key: 'scale', isUsed: ({ augment }) => augmentationNamed(augment).crop === 'resized', need: '--augment simclr' },
  ...(['augment', 'scale'] as const).map((key) => ({
    key,
    isUsed: ({ method }: RunConfig) => isTrained(method) || usesAugmentedViews(method),
    need: 'a method that trains',
  })),
];

/** @throws UsageError for an option that the caller gave and that would have no effect */
function checkUse(choices: ConfigChoices, config: RunConfig): void {
  for (const { key, isUsed, need } of USES) {
    if (choices[key] === undefined || choices[key] === false || isUsed(config)) continue;
    const typed = choices[key] === true ? flagOf(key) : `${flagOf(key)} ${shown(choices[key])}`;
    throw new UsageError(`${typed}: it would have no effect here.`, { remedy: `${need}, or no ${flagOf(key)}` });
  }
}

/** @throws UsageError for a side that the architecture does not take */
function checkSide({ arch, size }: RunConfig): void {
  const { sideUnit = 1 } = architectureNamed(arch);
  if (size % sideUnit === 0) return;
  throw new UsageError(`--arch ${arch} --size ${size}: its input has a side that is a multiple of ${sideUnit}.`, {
    remedy: `--size ${Math.max(2, Math.round(size / sideUnit)) * sideUnit}, or --arch resnet18`,
  });
}

/** @throws UsageError for an architecture whose activations do not tell where something is */
function checkMaps({ method, arch }: RunConfig): void {
  if (!readsMaps(method) || architectureNamed(arch).hasMaps) return;
  const others = ARCHITECTURES.filter(({ hasMaps }) => hasMaps).map(({ name }) => name);
  throw new UsageError(
    `--method ${method} --arch ${arch}: it compares places of images, and this network has no map.`,
    {
      remedy: `--init builtin, or weights of one of ${others.join(', ')}`,
    },
  );
}

/** @throws UsageError for more stages than the architecture has */
function checkFreeze({ method, arch, freeze }: RunConfig): void {
  const { stages } = architectureNamed(arch);
  if (!isTrained(method) || freeze === 'all' || freeze <= stages) return;
  throw new UsageError(`--arch ${arch} --freeze ${freeze}: its backbone has ${stages} stages.`, {
    remedy: `--freeze with 0 to ${stages}, or --freeze all`,
  });
}

/** @throws UsageError when the learning rate could not follow its schedule */
function checkSchedule({ milestones, lrWarmup, epochs }: RunConfig): void {
  if (milestones !== null) parseMilestones(milestones, epochs);
  if (lrWarmup < epochs) return;
  throw new UsageError(`--lr-warmup ${lrWarmup}: not shorter than the ${epochs} epochs of the run.`, {
    remedy: `--lr-warmup ${Math.floor(epochs / 10)}`,
  });
}

/** Resolves every value without checking for contradictions. */
export function filledConfig(
  choices: ConfigChoices & Pick<RunConfig, 'preset'>,
  weights?: WeightsNetwork | null,
): RunConfig {
  const { dataset, method, protocol } = { ...DEFAULTS, ...choices };
  const recipe = recipeOf(choices.preset, dataset, method, choices.recipe);
  const { freeze } = recipe as Partial<RunConfig>;
  const typed = choices.normal ?? datasetNamed(dataset).defaultNormal;
  const config: RunConfig = {
    ...DEFAULTS,
    ...recipe,
    ...weightsDefaults(choices.init ?? recipe.init, recipe.size, weights),
    ...(freeze === undefined ? {} : { freeze }), // the method's own, not that of the weights
    ...choices,
    normal: protocolNamed(protocol).isOfAllClasses ? EVERY_CLASS : className(dataset, typed),
    oe: null,
  };
  const values = config as unknown as Record<string, OptionValue>;
  for (const { key, value } of CONFIG_OPTIONS) {
    if (typeof value === 'function') values[key!] ??= value(values);
  }
  if (usesOutliers(method, config)) config.oe = sourceText(parseSource(choices.oe ?? DEAD_LEAVES));
  config.out = choices.out ?? defaultRunFolder(config);
  return sortKeys(config);
}

/** The part of a configuration that the augmentation needs. */
export function augmentOptions(config: ScoringConfig): AugmentOptions {
  const { dataset, size, scale, seed, augment, normalize, statistics } = config;
  return {
    ...{ size, scale, seed, augmentation: augmentationNamed(augment) },
    isContrastNormalized: normalize === 'contrast',
    ...(statistics === null ? constantsOf(normalize, dataset) : parseStatistics(statistics)),
  };
}

/** What networks trained on ImageNet expect. */
const IMAGENET: ChannelStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

function constantsOf(normalize: RunConfig['normalize'], dataset: DatasetName): ChannelStatistics {
  if (normalize === 'imagenet') return IMAGENET;
  return normalize === 'none' ? { mean: [0, 0, 0], std: [1, 1, 1] } : datasetNamed(dataset).statistics;
}

/** The default run folder, runs/<dataset>-<method>-<normal>-<seed>, as documented for the command line. */
export function defaultRunFolder(config: Pick<RunConfig, 'dataset' | 'method' | 'normal' | 'seed'>): string {
  return `runs/${config.dataset}-${config.method}-${folderName(config.normal ?? 'only')}-${config.seed}`;
}

/** The bytes of config.json: keys in the order of the option table, indented by two spaces, with a final newline. */
export function configJson(config: RunConfig): string {
  return `${JSON.stringify(sortKeys(config), null, 2)}\n`;
}

/** Names of the result-relevant values in which two configurations differ. */
export function configDifferences(a: RunConfig, b: RunConfig): (keyof RunConfig)[] {
  return KEYS.filter((key) => !FREE.includes(key) && JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}

/**
 * The values of a config.json. Values that an older version did not write get their default, the only value at that time.
 * @param file the file name for error messages
 * @throws UsageError for a value that its option does not accept
 */
export function storedConfig(json: object, file: string): RunConfig {
  const config: RunConfig = { ...DEFAULTS, ...json };
  if (typeof config.freeze === 'boolean') config.freeze = config.freeze ? 'all' : 0; // it was a switch once
  for (const option of CONFIG_OPTIONS) {
    const value: unknown = config[option.key as keyof RunConfig];
    const isOfPage = option.key === 'where' && value === 'browser';
    if (value === null || isOfPage || isValueOf(option, value)) continue;
    throw new UsageError(`${file}: ${option.key} is ${JSON.stringify(value)}, expected ${expectedValue(option)}.`, {
      remedy: 'the file as the run wrote it, or --force for a new run in its place',
    });
  }
  return sortKeys(config);
}

/**
 * The configuration with which a stored run resumes: the stored values, except those given by the caller that do not affect
 * the result.
 * @throws UsageError when the caller changes a value that the result depends on
 */
export function resumedConfig(stored: RunConfig, given: ConfigChoices): RunConfig {
  const choices = withoutUndefined(given);
  if (stored.methodReason !== null && stored.oe === null && choices.method === undefined) delete choices.oe; // unused, too
  const asked: RunConfig = { ...stored, ...choices };
  if (choices.oe !== undefined) asked.oe = sourceText(parseSource(choices.oe));
  const { normal } = choices;
  // a different spelling or an index is resolved once the classes are known (run.ts)
  const isForLater = normal !== undefined && stored.normal !== null && meansMaybe(normal, stored.normal);
  if (isForLater) asked.normal = stored.normal;
  // the batch may have been reduced to the class size; the same command asks for the original one again
  if (choices.batch === stored.askedBatch) asked.batch = stored.batch;
  asked.preset = stored.preset;
  asked.kernels = choices.tune === 'off' ? {} : choices.tune?.endsWith(TABLE_FILE) ? null : stored.kernels;
  const different = configDifferences(stored, asked);
  if (different.length > 0) {
    const flags = different.map((key) => `${flagOf(key)} ${shown(stored[key])}, not ${shown(asked[key])}`);
    throw new UsageError('--resume: the stored run has other values, and a run cannot change them half-way.', {
      details: flags,
      remedy: 'leave these options out to resume, or --out with another folder for a new run',
    });
  }
  if (isForLater) asked.normal = className(stored.dataset, normal);
  return sortKeys(asked);
}

/** Whether a --normal value could mean this class. */
const meansMaybe = (normal: string, stored: string): boolean =>
  isSameName(normal, stored) || (/^\d+$/.test(normal) && !isEveryClass(stored));

/** The option that sets a value, as typed: `--checkpoint-every` for `checkpointEvery`, `--in` for `where`. */
export const flagOf = (key: string): string => `--${CONFIG_OPTIONS.find((option) => option.key === key)?.name ?? key}`;

const shown = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value ?? 'none'));

/** A known class in its canonical spelling; anything else as typed, to be resolved once the data is loaded. */
function className(dataset: DatasetName, typed: string | null): string | null {
  if (typed === null) return null;
  return isEveryClass(typed) ? EVERY_CLASS : (findClass(typed, datasetNamed(dataset).classes) ?? typed);
}

/** Drops undefined options, which count as not given. */
const withoutUndefined = (choices: ConfigChoices): ConfigChoices =>
  Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined));

/** Without the keys of options that its method does not have. */
function sortKeys(config: RunConfig): RunConfig {
  const keys = KEYS.filter((key) => hasOption(config.method, key));
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as unknown as RunConfig;
}
