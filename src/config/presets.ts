/**
 * The data sets that can be trained on, and the values that a preset means for each. A preset is nothing but values: any
 * option given beside it replaces one of them, and config.json records what was used.
 *
 * `paper` is the published setting (paper, section V-A and appendix G; its code where the two differ). `small` and `tiny`
 * are reductions for small GPUs and for software adapters: fewer, narrower layers, smaller images, fewer epochs. They
 * answer the same question with a weaker network, and their figures are not to be compared with published ones.
 */
import { findName } from '../base/names.ts';
import type { RunConfig } from './config.ts';

export const PRESETS = ['paper', 'small', 'tiny'] as const;
export type Preset = (typeof PRESETS)[number];

export type DatasetName = 'raabin' | 'cifar10' | 'folder' | 'demo';

interface DatasetDefaults {
  /** One line for the help text. */
  summary: string;
  /** Class names where they are fixed, in the order of their index. */
  classes: readonly string[];
  defaultNormal: string | null;
  /** Side of the network's input in the paper, or what suits the images, pixels. */
  size: number;
  /** Smallest area fraction of the random crop: cells must stay recognisable, objects need not. */
  smallestCrop: number;
  lambda: number;
}

const BLOOD_CELLS = ['Basophil', 'Eosinophil', 'Lymphocyte', 'Monocyte', 'Neutrophil'] as const;

const CIFAR10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] as const;

export const DATASETS: Readonly<Record<DatasetName, DatasetDefaults>> = {
  raabin: {
    summary: 'white blood cells, five classes (Raabin-WBC: Train/CLASS, TestA/CLASS)',
    classes: BLOOD_CELLS,
    defaultNormal: 'Neutrophil',
    size: 224,
    smallestCrop: 0.5,
    lambda: 0.1,
  },
  cifar10: {
    summary: 'CIFAR-10, binary version, a folder or the .tar.gz',
    classes: CIFAR10,
    defaultNormal: 'airplane',
    size: 32,
    smallestCrop: 0.08,
    lambda: 1,
  },
  folder: {
    summary: 'your own images: DIR/train/CLASS/*, DIR/test/CLASS/*',
    classes: [],
    defaultNormal: null,
    size: 224,
    smallestCrop: 0.08,
    lambda: 0.1,
  },
  demo: {
    summary: 'generated blood cells, five classes: needs no download; synthetic',
    classes: BLOOD_CELLS,
    defaultNormal: 'Eosinophil',
    size: 32,
    smallestCrop: 0.5,
    lambda: 1,
  },
};

export const DATASET_NAMES = Object.keys(DATASETS) as DatasetName[];

/** Where images come from: `dead-leaves`, `folder:DIR`, `NAME` or `NAME:DIR`. */
export interface ImageSource {
  /** As it is spelled in our tables; as it was typed when it is in none. */
  name: string;
  dir: string | null;
}

export function parseSource(text: string): ImageSource {
  const colon = text.indexOf(':');
  const typed = colon < 0 ? text : text.slice(0, colon);
  const name = findName('--oe', typed, ['dead-leaves', ...DATASET_NAMES]) ?? typed;
  return { name, dir: colon < 0 ? null : text.slice(colon + 1) };
}

export const sourceText = ({ name, dir }: ImageSource): string => (dir === null ? name : `${name}:${dir}`);

/** The values that a preset sets. `size` is the largest side: a data set of smaller images keeps its own. */
type PresetValues = Pick<
  RunConfig,
  | 'arch'
  | 'width'
  | 'size'
  | 'epochs'
  | 'batch'
  | 'lr'
  | 'views'
  | 'temperature'
  | 'weightDecay'
  | 'momentum'
  | 'optimizer'
>;

/** What presets share, unless they say otherwise: the paper's optimiser and loss. */
const COMMON = { temperature: 0.5, weightDecay: 5e-4, momentum: 0.9, optimizer: 'sgd' } as const;

const PRESET_TABLE: Readonly<Record<Preset, PresetValues>> = {
  paper: { ...COMMON, arch: 'resnet18', width: 64, size: 224, epochs: 500, batch: 256, lr: 0.1, views: 32 },
  small: { ...COMMON, arch: 'resnet18', width: 32, size: 64, epochs: 100, batch: 64, lr: 0.05, views: 16 },
  tiny: {
    ...COMMON,
    arch: 'resnet10',
    width: 8,
    size: 32,
    epochs: 40,
    batch: 16,
    views: 8,
    // a few hundred steps are too few for plain gradient descent
    optimizer: 'adam',
    lr: 0.001,
  },
};

/**
 * Epochs without the penalty: the paper's 50 of 500 is a tenth of however many there are. The few steps of `tiny` have
 * none to spare.
 */
export function defaultWarmup(preset: Preset, epochs: number): number {
  return preset === 'tiny' ? 0 : Math.floor(epochs / 10);
}

/** Where a data set needs other values than its preset's. */
const EXCEPTIONS: Partial<Record<`${Preset} ${DatasetName}`, Partial<PresetValues & Pick<RunConfig, 'lambda'>>>> = {
  'tiny demo': { epochs: 12 },
  'tiny raabin': { lr: 0.004 },
};

/** The values of a preset for a data set. */
export function presetValues(preset: Preset, dataset: DatasetName): PresetValues & Pick<RunConfig, 'lambda' | 'scale'> {
  const { size, smallestCrop, lambda } = DATASETS[dataset];
  const values = PRESET_TABLE[preset];
  return {
    ...values,
    size: Math.min(size, values.size),
    scale: [smallestCrop, 1],
    lambda,
    ...EXCEPTIONS[`${preset} ${dataset}`],
  };
}
