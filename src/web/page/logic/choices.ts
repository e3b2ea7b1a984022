/** The choices in the form, and the options of a run that follow from them. */

import { EVERY_CLASS } from '../../../base/names.ts';
import { PRESETS, type Preset } from '../../../base/recipe.ts';
import { defaultRunFolder } from '../../../config/config.ts';
import { defaultWarmup, presetValues } from '../../../config/presets.ts';
import { OPTIMIZERS } from '../../../config/trainOptions.ts';
import { demo } from '../../../data/datasets/demo.ts';
import type { Fit } from '../../../data/fit.ts';
import type { TrainOptions } from '../../../library/types.ts';
import { hasOption, METHOD_NAMES, type MethodName, methodNamed, usesOutliers } from '../../../methods/table.ts';
import type { DataContent } from '../../pageApi.ts';

export type Source = 'demo' | 'own';
export type Method = MethodName;

/** A number in the collapsed part of the form; empty fields use the preset. */
export interface NumberField {
  key:
    | 'epochs'
    | 'batch'
    | 'lr'
    | 'lambda'
    | 'warmup'
    | 'temperature'
    | 'size'
    | 'width'
    | 'views'
    | 'seed'
    | 'checkpointEvery';
  label: string;
  unit: string;
  help: string;
  min: number;
  step: number | 'any';
}

export const NUMBER_FIELDS: readonly NumberField[] = [
  { key: 'epochs', label: 'Epochs', unit: '', help: 'Passes over the normal images', min: 1, step: 1 },
  {
    key: 'batch',
    label: 'Images per step',
    unit: '',
    help: 'Batch size, normal images; as many outliers beside them',
    min: 2,
    step: 1,
  },
  { key: 'size', label: 'Input size', unit: 'px', help: 'Side to which images are scaled', min: 16, step: 1 },
  { key: 'width', label: 'Network width', unit: 'channels', help: 'Channels of the first stage', min: 4, step: 4 },
  { key: 'lr', label: 'Learning rate', unit: '', help: 'At the start; cosine decay to 0', min: 0, step: 'any' },
  {
    key: 'lambda',
    label: 'Outlier weight λ',
    unit: '',
    help: 'Weight of the outliers’ norm penalty',
    min: 0,
    step: 'any',
  },
  { key: 'warmup', label: 'Warm-up', unit: 'epochs', help: 'Epochs before the penalty starts', min: 0, step: 1 },
  { key: 'temperature', label: 'Temperature', unit: '', help: 'Of the contrastive loss', min: 0, step: 'any' },
  {
    key: 'views',
    label: 'Views for the score',
    unit: '',
    help: 'Augmented views an image when it is scored',
    min: 1,
    step: 1,
  },
  {
    key: 'checkpointEvery',
    label: 'Checkpoint every',
    unit: 'epochs',
    help: 'A closed page resumes from the last one',
    min: 1,
    step: 1,
  },
  { key: 'seed', label: 'Seed', unit: '', help: 'Every random choice follows from it', min: 0, step: 1 },
];

/** Words for options, by key, for errors that name them. */
export const OPTION_LABELS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(NUMBER_FIELDS.map(({ key, label }) => [key, label])),
  normal: 'Normal class',
  method: 'Method',
  preset: 'Size of the run',
  oe: 'Outlier exposure',
  optimizer: 'Optimizer',
  fit: 'Images that are not square',
  acceptChangedData: 'Resume with the changed images',
};

export interface Choices {
  source: Source;
  /** A class, or ALL. */
  normal: string;
  method: Method;
  preset: Preset;
  /** Own outlier images, or generated ones. */
  outliers: 'own' | 'dead-leaves';
  optimizer: (typeof OPTIMIZERS)[number] | '';
  fit: Fit;
  numbers: Partial<Record<NumberField['key'], number>>;
}

export { METHOD_NAMES, OPTIMIZERS, PRESETS };

export const FIT_NAMES: Readonly<Record<Fit, string>> = {
  crop: 'Crop from them',
  squash: 'Stretch to a square',
  pad: 'Pad to a square',
};

/** The choice of all classes together; no folder can have this name. */
export const ALL = '/all';

export const firstChoices = (preset: Preset): Choices => ({
  source: 'demo',
  normal: demo.defaultNormal!,
  method: 'oecl',
  preset,
  outliers: 'dead-leaves',
  optimizer: '',
  fit: 'crop',
  numbers: {},
});

/** The classes that can be the normal one, and whether all of them together can. */
export function normalClasses(source: Source, data: DataContent | null): { names: string[]; all: boolean } {
  if (source === 'demo') return { names: [...demo.classes], all: false };
  const names = data?.parts.train?.classes.map(({ name }) => name) ?? [];
  return { names: names.length > 1 ? names : [], all: true };
}

/** The value that an empty field stands for. */
export function defaultOf(key: NumberField['key'], { source, preset, method, numbers }: Choices): number | null {
  const values = presetValues(preset, source === 'demo' ? 'demo' : 'folder');
  if (key === 'seed') return 0;
  if (key === 'checkpointEvery') return 10;
  if (!hasOption(method, key)) return null;
  if (key === 'warmup') return defaultWarmup(preset, numbers.epochs ?? values.epochs);
  return values[key];
}

/** Fields without a meaning for the method. */
export const isUsed = (key: NumberField['key'], method: Method): boolean => hasOption(method, key);

/** Whether the method that is chosen trains on outlier images. */
export const isExposed = ({ method, numbers }: Choices): boolean => usesOutliers(method, numbers);

export const titleOf = (method: Method): string => methodNamed(method).title;

/**
 * The options of the run.
 * @param taken run folders that exist: a new run gets a name of its own
 */
export function trainOptions(choices: Choices, data: DataContent | null, taken: readonly string[]): TrainOptions {
  const { source, method, preset, normal, optimizer, fit } = choices;
  const numbers = Object.fromEntries(
    NUMBER_FIELDS.filter(({ key }) => isUsed(key, method) && choices.numbers[key] !== undefined).map(({ key }) => [
      key,
      choices.numbers[key],
    ]),
  );
  const dataset = source === 'demo' ? 'demo' : 'folder';
  const isAll = source === 'own' && normal === ALL;
  const folder = defaultRunFolder({
    dataset,
    method,
    normal: isAll ? EVERY_CLASS : normal,
    seed: choices.numbers.seed ?? 0,
  });
  return {
    dataset,
    method,
    preset,
    ...numbers,
    ...(optimizer === '' ? {} : { optimizer }),
    ...(fit === 'crop' ? {} : { fit }),
    ...(isAll ? { protocol: 'all-normal' } : { normal }),
    ...(source === 'own' ? { data: `data/${data?.id}`, skipBad: true } : {}),
    ...(isExposed(choices) ? { oe: exposure(choices, data) } : {}),
    out: freeFolder(folder, taken),
  };
}

/** Whether the run uses the user's own outlier images. */
export function usesOwnOutliers({ source, outliers }: Choices, data: DataContent | null): boolean {
  return source === 'own' && outliers === 'own' && data?.parts.outliers != null;
}

function exposure(choices: Choices, data: DataContent | null): string {
  return usesOwnOutliers(choices, data) ? `folder:data/${data!.id}/outliers` : 'dead-leaves';
}

/** `folder`, or `folder-2`, `folder-3`, ...: the first that is not taken. */
export function freeFolder(folder: string, taken: readonly string[]): string {
  if (!taken.includes(folder)) return folder;
  let number = 2;
  while (taken.includes(`${folder}-${number}`)) number++;
  return `${folder}-${number}`;
}
