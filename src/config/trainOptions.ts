/** The options of a run in one table, the source for parsing, checks, help, the page's form and config.json. */
import { MOST_EVALUATION_VIEWS } from '../augment/augmenter.ts';
import type { OptionTable } from '../base/options.ts';
import { isTrained, METHOD_NAMES, METHOD_OPTIONS, METHODS, type MethodName, methodNamed } from '../methods/table.ts';
import { SCORE_NAMES, usesAugmentedViews } from '../scores/table.ts';
import { DATA_OPTIONS } from './dataOptions.ts';
import { NETWORK_OPTIONS } from './networkOptions.ts';
import { PARITY_OPTIONS } from './parityOptions.ts';
import { RUN_OPTIONS } from './runOptions.ts';

export const TRAIN_OPTIONS: OptionTable = [
  ...DATA_OPTIONS,

  {
    name: 'method',
    key: 'method',
    type: 'choice',
    choices: METHOD_NAMES,
    group: 'Method',
    value: 'oecl',
    default:
      'dn2; oecl for the demo, with --preset and other options of the training, and for data sets of the paper on a GPU',
    help: 'how the network is trained, if it is; see Methods above. The run says why it took the default',
  },
  ...METHOD_OPTIONS,
  {
    name: 'views',
    key: 'views',
    only: 'augmented',
    type: 'integer',
    min: 1,
    max: MOST_EVALUATION_VIEWS,
    group: 'Method',
    default: 'preset',
    help: 'augmented views per image for the ensemble scores',
    field: { label: 'Views for the score', help: 'Augmented views per image when it is scored' },
  },
  {
    name: 'score',
    key: 'score',
    type: 'choice',
    choices: SCORE_NAMES,
    group: 'Method',
    default: `the method's: ${[...new Set(METHODS.map(({ mainScore }) => mainScore))].join(', ')}`,
    help: 'the main score: the one that single figures, the gallery and verdicts use. All scores are computed either way',
  },

  ...NETWORK_OPTIONS,
  ...RUN_OPTIONS,
  ...PARITY_OPTIONS,
];

/** The options that are part of the configuration; the others decide what happens to the run folder. */
export const CONFIG_OPTIONS: OptionTable = TRAIN_OPTIONS.filter(({ key }) => key !== undefined);

/** Whether an option applies to a method. Options that belong to no method apply to all, or to a kind (`only`). */
export function hasOption(name: MethodName, key: string): boolean {
  const only = CONFIG_OPTIONS.find((option) => option.key === key)?.only;
  if (only) return only === 'trained' ? isTrained(name) : usesAugmentedViews(name);
  const isIn = (options: OptionTable) => options.some((option) => option.key === key);
  return isIn(methodNamed(name).options) || !isIn(METHOD_OPTIONS);
}
