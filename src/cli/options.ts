/** The options of `oecl train`, in one table: parsing, checks and help text all come from it. */
import { MOST_EVALUATION_VIEWS } from '../augment/augmenter.ts';
import { PROTOCOLS } from '../protocols/protocols.ts';
import { ARCHITECTURES, METHODS, OPTIMIZERS, PLACES, PRECISIONS, type RunConfig } from '../train/config.ts';
import { TABLE_FILE, TUNE_MODES } from '../train/kernels.ts';
import { DATASET_NAMES, PRESETS } from '../train/presets.ts';

/** Limits of a number: `above` is excluded, `min` and `max` are included. */
interface Limits {
  min?: number;
  above?: number;
  max?: number;
}

/** `file`: a choice may also be the path of a file that ends so. */
type OptionType =
  | { type: 'flag' }
  | { type: 'text'; placeholder: string }
  | { type: 'choice'; choices: readonly string[]; file?: string }
  | ({ type: 'integer' | 'number' } & Limits)
  | { type: 'range' };

export type OptionSpec = OptionType & {
  /** As typed, without the dashes. */
  name: string;
  /** The value of the configuration that it sets; none for options of the command line itself. */
  key?: keyof RunConfig;
  group: 'Data' | 'Method' | 'Network and optimiser' | 'Run' | 'Output';
  help: string;
  /** The default in words. */
  default?: string;
};

export const TRAIN_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'dataset',
    key: 'dataset',
    type: 'choice',
    choices: DATASET_NAMES,
    group: 'Data',
    default: 'demo',
    help: 'what to train on',
  },
  {
    name: 'data',
    key: 'data',
    type: 'text',
    placeholder: 'DIR',
    group: 'Data',
    default: '$OECL_DATA/NAME, else data/NAME',
    help: 'where the data set lies',
  },
  {
    name: 'protocol',
    key: 'protocol',
    type: 'choice',
    choices: PROTOCOLS,
    group: 'Data',
    default: 'one-vs-rest',
    help: 'which classes are normal: the one of --normal, all but that one, or every class that has training images',
  },
  {
    name: 'normal',
    key: 'normal',
    type: 'text',
    placeholder: 'CLASS',
    group: 'Data',
    default: 'Neutrophil, demo Eosinophil, airplane, or the only class',
    help: 'the normal (or left-out) class, by name or index; all: every class in turn, and their mean',
  },
  {
    name: 'oe',
    key: 'oe',
    type: 'text',
    placeholder: 'SOURCE',
    group: 'Data',
    default: 'dead-leaves',
    help: 'outlier-exposure images: dead-leaves (generated), folder:DIR (any images, recursive), or NAME[:DIR] of a data set',
  },
  {
    name: 'size',
    key: 'size',
    type: 'integer',
    min: 16,
    max: 512,
    group: 'Data',
    default: 'preset',
    help: 'side of the input, pixels',
  },
  {
    name: 'scale',
    key: 'scale',
    type: 'range',
    group: 'Data',
    default: 'data set: 0.08,1 or 0.5,1',
    help: 'smallest and largest area fraction of the random crop, as LOW,HIGH',
  },
  {
    name: 'skip-bad',
    key: 'skipBad',
    type: 'flag',
    group: 'Data',
    help: 'leave unreadable images out, and list them in the report',
  },

  {
    name: 'method',
    key: 'method',
    type: 'choice',
    choices: METHODS,
    group: 'Method',
    default: 'oecl',
    help: 'oecl: contrastive learning with outlier exposure; simclr: without',
  },
  {
    name: 'lambda',
    key: 'lambda',
    type: 'number',
    min: 0,
    group: 'Method',
    default: 'data set: 0.1, CIFAR-10 and demo 1',
    help: "weight of the outliers' norm penalty",
  },
  {
    name: 'warmup',
    key: 'warmup',
    type: 'integer',
    min: 0,
    group: 'Method',
    default: 'a tenth of --epochs; preset tiny 0',
    help: 'epochs before the penalty starts',
  },
  {
    name: 'temperature',
    key: 'temperature',
    type: 'number',
    above: 0,
    group: 'Method',
    default: '0.5',
    help: 'temperature of the contrastive loss',
  },
  {
    name: 'views',
    key: 'views',
    type: 'integer',
    min: 1,
    max: MOST_EVALUATION_VIEWS,
    group: 'Method',
    default: 'preset',
    help: 'augmented views an image at evaluation, for the ensemble scores',
  },

  {
    name: 'preset',
    key: 'preset',
    type: 'choice',
    choices: PRESETS,
    group: 'Network and optimiser',
    default: 'paper; tiny on a software adapter',
    help: 'values for everything marked preset',
  },
  {
    name: 'arch',
    key: 'arch',
    type: 'choice',
    choices: ARCHITECTURES,
    group: 'Network and optimiser',
    default: 'preset',
    help: 'the network',
  },
  {
    name: 'width',
    key: 'width',
    type: 'integer',
    min: 4,
    max: 512,
    group: 'Network and optimiser',
    default: 'preset',
    help: 'channels of its first stage',
  },
  {
    name: 'precision',
    key: 'precision',
    type: 'choice',
    choices: PRECISIONS,
    group: 'Network and optimiser',
    default: 'f32',
    help: 'how activations are stored; f16 takes 0.5 to 0.65 times the memory for what a step computes, and needs an adapter with shader-f16. Weights, sums and gradients are f32 either way',
  },
  {
    name: 'epochs',
    key: 'epochs',
    type: 'integer',
    min: 1,
    group: 'Network and optimiser',
    default: 'preset',
    help: 'passes over the normal training images',
  },
  {
    name: 'batch',
    key: 'batch',
    type: 'integer',
    min: 2,
    max: 4096,
    group: 'Network and optimiser',
    default: 'preset',
    help: 'normal images a step; each gives 4 views with outlier exposure, 2 without',
  },
  {
    name: 'lr',
    key: 'lr',
    type: 'number',
    above: 0,
    group: 'Network and optimiser',
    default: 'preset',
    help: 'learning rate at the start; cosine decay to 0',
  },
  {
    name: 'weight-decay',
    key: 'weightDecay',
    type: 'number',
    min: 0,
    group: 'Network and optimiser',
    default: '0.0005',
    help: 'weight decay, on all parameters',
  },
  {
    name: 'momentum',
    key: 'momentum',
    type: 'number',
    min: 0,
    max: 0.9999,
    group: 'Network and optimiser',
    default: '0.9',
    help: 'momentum of sgd and lars',
  },
  {
    name: 'optimizer',
    key: 'optimizer',
    type: 'choice',
    choices: OPTIMIZERS,
    group: 'Network and optimiser',
    default: 'preset: sgd, tiny adam',
    help: "sgd is what the paper's code runs, lars what its text says",
  },

  {
    name: 'seed',
    key: 'seed',
    type: 'integer',
    min: 0,
    max: 2 ** 32 - 1,
    group: 'Run',
    default: '0',
    help: 'every random choice follows from it',
  },
  {
    name: 'out',
    key: 'out',
    type: 'text',
    placeholder: 'DIR',
    group: 'Run',
    default: 'runs/<dataset>-<method>-<normal>-<seed>',
    help: 'run folder',
  },
  {
    name: 'resume',
    type: 'flag',
    group: 'Run',
    help: "go on from the run folder's last checkpoint; the result is the same to the bit",
  },
  { name: 'force', type: 'flag', group: 'Run', help: 'replace the run that the folder holds' },
  {
    name: 'checkpoint-every',
    key: 'checkpointEvery',
    type: 'integer',
    min: 1,
    group: 'Run',
    default: '10',
    help: 'epochs between checkpoints',
  },
  {
    name: 'in',
    key: 'where',
    type: 'choice',
    choices: PLACES,
    group: 'Run',
    default: 'node',
    help: 'where to train: chrome starts an installed Chrome or Chromium without a window, and trains there with the same code',
  },
  {
    name: 'adapter',
    key: 'adapter',
    type: 'text',
    placeholder: 'NAME',
    group: 'Run',
    default: 'hardware, else lavapipe, else SwiftShader',
    help: 'which GPU, by part of its name; --list-adapters prints them',
  },
  {
    name: 'tune',
    key: 'tune',
    type: 'choice',
    choices: TUNE_MODES,
    file: TABLE_FILE,
    group: 'Run',
    default: 'auto',
    help: 'measure once which kernels are fastest on this GPU, in some seconds; auto: not on a software adapter; FILE: as in the config.json of another run. The same bits in any case',
  },

  { name: 'json', type: 'flag', group: 'Output', help: 'progress on standard output, one JSON object a line' },
  { name: 'quiet', type: 'flag', group: 'Output', help: 'no progress bar: the result and errors only' },
  {
    name: 'profile',
    type: 'flag',
    group: 'Output',
    help: 'time the kernels of some early steps: a table on the screen, a Chrome trace in the run folder',
  },
  { name: 'help', type: 'flag', group: 'Output', help: 'this text' },
];

/** What an option takes, in words: for errors. */
export function expectedValue(option: OptionSpec): string {
  if (option.type === 'choice')
    return `one of ${option.choices.join(', ')}${option.file ? `, or a ${option.file} file` : ''}`;
  if (option.type === 'range') return 'LOW,HIGH with 0 < LOW <= HIGH <= 1';
  if (option.type === 'text') return option.placeholder;
  if (option.type === 'flag') return 'nothing';
  const noun = option.type === 'integer' ? 'a whole number' : 'a number';
  const { min, above, max } = option;
  if (above !== undefined) return `${noun} above ${above}`;
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  return min === undefined ? noun : `${noun} of ${min} or more`;
}

/** What stands for an option's value in a help text. */
export function placeholderOf(option: OptionSpec): string {
  if (option.type === 'text') return option.placeholder;
  if (option.type === 'choice') return [...option.choices, ...(option.file ? ['FILE'] : [])].join('|');
  if (option.type === 'range') return 'LOW,HIGH';
  return option.type === 'flag' ? '' : option.type === 'integer' ? 'N' : 'X';
}
