/** Recipes: values of options by key, set by a preset, a data set or a method where the call sets none. */
import type { OptionValue } from './options.ts';

/**
 * `paper` is the published setting (paper, section V-A and appendix G; its code where the two differ). `small` and `tiny`
 * are reductions for small GPUs and for software adapters: fewer, narrower layers, smaller images, fewer epochs. They
 * answer the same question with a weaker network; their results are not comparable with published ones.
 */
export const PRESETS = ['paper', 'small', 'tiny'] as const;
export type Preset = (typeof PRESETS)[number];

export type Recipe = Readonly<Record<string, OptionValue>>;
