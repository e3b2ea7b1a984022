/**
 * The method of a run whose caller names none. Frozen features of a network trained on photographs tell images apart where
 * there are few of them; training from scratch needs thousands of images and steps (docs/which-method.md). So a network
 * is trained only where the call asks for it, or where the setting is the paper's.
 */
import type { Preset } from '../base/recipe.ts';
import { datasetNamed } from '../data/datasets/table.ts';
import { DEAD_LEAVES } from '../data/outlierSource.ts';
import { type MethodName, methodNamed } from '../methods/table.ts';
import { scoresOf } from '../scores/table.ts';
import type { ConfigChoices } from './config.ts';
import { hasOption } from './trainOptions.ts';

const FROZEN: MethodName = 'dn2';
const TRAINED: MethodName = 'oecl';
/** What learns fastest from exposed images that look like the outliers. */
const EXPOSED: MethodName = 'bce';

/** Options that `dn2` has, but that only matter to someone who trains. */
const ABOUT_TRAINING: readonly string[] = ['preset', 'arch', 'width', 'augment', 'scale'];
/** Weights that are drawn: a network of them has to be trained. */
const RANDOM_WEIGHTS: readonly unknown[] = ['uniform', 'kaiming-normal'];

export interface ChosenMethod {
  method: MethodName;
  /** Why; null where the call implied it. */
  reason: string | null;
  /** What else there is, in terms of the options; with `reason`. */
  other: string | null;
}

/** @param choices of a call without a method   @param preset the preset of the run, given or not */
export function methodFor(choices: ConfigChoices, preset: Preset): ChosenMethod {
  const { method = TRAINED } = choices;
  if (choices.method !== undefined || impliesTraining(choices)) return { method, reason: null, other: null };
  const { dataset = 'demo' } = choices;
  const { trainedWith = null, showsObjects, title } = datasetNamed(dataset);
  const { title: trained } = methodNamed(TRAINED);
  if (trainedWith === 'any') return { method: TRAINED, reason: null, other: null };
  if (trainedWith === preset) {
    return {
      method: TRAINED,
      reason: `${title} with the preset ${preset} is a setting of the paper, so ${trained} trains from scratch`,
      other: `--method ${FROZEN} compares frozen features, in minutes`,
    };
  }
  if (showsObjects && choices.oe !== undefined && choices.oe !== DEAD_LEAVES && choices.init === undefined) {
    return {
      method: EXPOSED,
      reason: `${title} shows whole objects, which a classifier against the images of --oe tells apart better than frozen features do`,
      other: `--method ${FROZEN} compares frozen features, --method ${TRAINED} is the paper's`,
    };
  }
  const weights =
    choices.init === undefined || choices.init === 'builtin' ? 'a network trained on ImageNet' : choices.init;
  const unused = choices.oe === undefined ? '' : '; the images of --oe are not used';
  return {
    method: FROZEN,
    reason: `features of ${weights}, compared with the nearest training images; nothing is trained`,
    other: `--method ${TRAINED} trains from scratch, which takes thousands of images and steps${unused}`,
  };
}

/** Whether a call without a method can only mean one that trains. */
function impliesTraining(choices: ConfigChoices): boolean {
  const { init, score } = choices;
  return (
    Object.keys(choices).some((key) => !hasOption(FROZEN, key) || ABOUT_TRAINING.includes(key)) ||
    RANDOM_WEIGHTS.includes(init) ||
    (score !== undefined && !scoresOf(FROZEN).some(({ name }) => name === score))
  );
}
