/** The choices in the form, and the options of a run that follow from them. */

import { EVERY_CLASS } from '../../../base/names.ts';
import { keyOf, type OptionTable, type OptionValue } from '../../../base/options.ts';
import type { Preset } from '../../../base/recipe.ts';
import { defaultRunFolder, filledConfig, type RunConfig } from '../../../config/config.ts';
import { type ChosenMethod, methodFor } from '../../../config/defaultMethod.ts';
import { CONFIG_OPTIONS, hasOption } from '../../../config/trainOptions.ts';
import { generatedOf } from '../../../data/dataset.ts';
import { demo } from '../../../data/datasets/demo.ts';
import { DATASETS, type DatasetName, datasetNamed } from '../../../data/datasets/table.ts';
import type { TrainOptions } from '../../../library/types.ts';
import { isTrained, type MethodName, methodNamed, usesOutliers } from '../../../methods/table.ts';
import type { DataContent } from '../../pageApi.ts';

/** `own`: the images that were given; else a data set that needs no files. */
export type Source = 'own' | DatasetName;
export type Method = MethodName;

/** The data sets that the page can train on without files. */
export const GENERATED = DATASETS.filter((dataset) => generatedOf(dataset) !== null);

/** The options in the collapsed part of the form: those of the method that have a field. */
export const fieldsOf = (method: Method): OptionTable =>
  CONFIG_OPTIONS.filter((option) => option.field !== undefined && hasOption(method, keyOf(option)));

/** Words for options, by key, for errors that name them. */
export const OPTION_LABELS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(CONFIG_OPTIONS.filter(({ field }) => field).map(({ key, field }) => [key, field!.label])),
  normal: 'Normal class',
  method: 'Method',
  preset: 'Size of the run',
  oe: 'Outlier exposure',
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
  /** Of the collapsed part, by key; what is left out comes from the preset. */
  options: Readonly<Record<string, OptionValue | undefined>>;
}

/** The choice of all classes together; no folder can have this name. */
export const ALL = '/all';

export const firstChoices = (preset: Preset): Choices => ({
  source: 'demo',
  normal: demo.defaultNormal!,
  method: 'oecl',
  preset,
  outliers: 'dead-leaves',
  options: {},
});

/** The classes that can be the normal one, and whether all of them together can. */
export function normalClasses(source: Source, data: DataContent | null): { names: string[]; all: boolean } {
  if (source !== 'own') return { names: [...datasetNamed(source).classes], all: false };
  const names = data?.parts.train?.classes.map(({ name }) => name) ?? [];
  return { names: names.length > 1 ? names : [], all: true };
}

/** Which data set the images are. */
export const datasetOf = (source: Source): DatasetName => (source === 'own' ? 'folder' : source);

/** The values of the run, chosen or not. */
export function valuesOf({ source, preset, method, options }: Choices): RunConfig {
  const chosen = Object.entries(options).filter(([key, value]) => value !== undefined && hasOption(method, key));
  return filledConfig({ ...Object.fromEntries(chosen), dataset: datasetOf(source), preset, method });
}

/** The value that an empty field stands for; null for an option that the method lacks. */
export function defaultOf(key: string, choices: Choices): OptionValue {
  const values = valuesOf({ ...choices, options: { ...choices.options, [key]: undefined } });
  return (values as unknown as Record<string, OptionValue | undefined>)[key] ?? null;
}

/** Whether the method that is chosen trains on outlier images. */
export const isExposed = (choices: Choices): boolean => usesOutliers(choices.method, valuesOf(choices));

/** The method for these images unless another one is chosen, and why. */
export const suggestedMethod = (source: Source, preset: Preset): ChosenMethod =>
  methodFor({ dataset: datasetOf(source) }, preset);

/** Whether the method that is chosen trains a network. */
export const isTraining = ({ method }: Choices): boolean => isTrained(method);

/** Why a method cannot train on the images that are chosen; null when it can. */
export function unfitReason(method: Method, choices: Choices, data: DataContent | null): string | null {
  const { source, normal } = choices;
  const { needsClasses, needsOutliers } = methodNamed(method);
  if (needsOutliers && !usesOwnOutliers(choices, data)) return 'needs outlier images of your own';
  if (!needsClasses) return null;
  if (source !== 'own' || (data?.parts.train?.classes.length ?? 0) < 2)
    return 'needs normal images in two or more classes';
  return normal === ALL ? null : 'needs all classes together as normal';
}

export const titleOf = (method: Method): string => methodNamed(method).title;

/**
 * The options of the run.
 * @param taken run folders that exist: a new run gets a name of its own
 */
export function trainOptions(choices: Choices, data: DataContent | null, taken: readonly string[]): TrainOptions {
  const { source, method, preset, normal } = choices;
  const options = Object.fromEntries(
    fieldsOf(method)
      .map((option) => [keyOf(option), choices.options[keyOf(option)]])
      .filter(([, value]) => value !== undefined),
  );
  const dataset = datasetOf(source);
  const isAll = source === 'own' && normal === ALL;
  const folder = defaultRunFolder({
    dataset,
    method,
    normal: isAll ? EVERY_CLASS : normal,
    seed: (choices.options.seed as number | undefined) ?? 0,
  });
  return {
    dataset,
    // without them the run takes this method by itself, and says why
    ...(isTrained(method) || suggestedMethod(source, preset).method !== method ? { method, preset } : {}),
    ...options,
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
