/** Recipes: values of options by key, set by a preset, a data set or a method where the call sets none. */
import type { OptionValue } from './options.ts';

/**
 * `paper` is the published setting (paper, section V-A and appendix G; its code where the two differ). `small` and `tiny`
 * are reductions for small GPUs and for software adapters: fewer, narrower layers, smaller images, fewer epochs. They
 * answer the same question with a weaker network; their results are not comparable with published ones.
 */
export const PRESETS = ['paper', 'small', 'tiny'] as const;
export type Preset = (typeof PRESETS)[number];

/**
 * Whose values a method starts from: ours, the same for all methods as far as possible, so that they can be compared; or those
 * of the method's own publication and code.
 */
export const RECIPES = ['ours', 'theirs'] as const;
export type RecipeName = (typeof RECIPES)[number];

export type Recipe = Readonly<Record<string, OptionValue>>;
