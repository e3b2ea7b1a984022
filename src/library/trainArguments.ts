/** The arguments of `train`: the options of the command line by key, as values. */
import { expectedValue, keyOf, type OptionSpec, type OptionValue, parseValue } from '../base/options.ts';
import { TRAIN_OPTIONS } from '../config/trainOptions.ts';
import type { TrainHooks } from '../runs/hooks.ts';
import { checkOptions, entriesOf, type OptionKind, unknownOption, wrongArgument } from './arguments.ts';
import type { TrainOptions } from './types.ts';

/** Node or browser: whichever entry of the package is used. */
const DECIDED_BY_ENTRY = 'in';

const HOOKS: Record<keyof TrainHooks, OptionKind> = {
  onLoad: 'function',
  onTune: 'function',
  onStart: 'function',
  onStep: 'function',
  onFit: 'function',
  onEvaluate: 'function',
  onResult: 'function',
  onProfile: 'function',
  onNote: 'function',
  signal: 'AbortSignal',
};

export const checkHooks = (hooks: TrainHooks): void => checkOptions('train: hooks', hooks, HOOKS);

/** The options by key, each checked. @throws UsageError for a name that is not there, or a value of another type */
export function checkedTrainOptions(options: TrainOptions): Record<string, OptionValue> {
  const known = TRAIN_OPTIONS.filter(({ name }) => name !== DECIDED_BY_ENTRY);
  const values = entriesOf('train: options', options).map(([name, value]) => {
    const option = known.find((candidate) => keyOf(candidate) === name);
    if (!option) throw unknown(name, known.map(keyOf));
    if (!isOfType(value, option)) throw wrongArgument(`train: options.${name}`, value, typeInWords(option));
    // one set of checks for the command line and for programs, in the words of the former
    return [name, typeof value === 'boolean' ? value : parseValue(option, String(value))] as const;
  });
  return Object.fromEntries(values);
}

function unknown(name: string, known: readonly string[]) {
  const isHook = Object.hasOwn(HOOKS, name);
  return unknownOption('train: options', name, known, isHook ? `train(options, { ${name} }): it is a hook` : undefined);
}

/** Numbers may be strings, as on the command line, and so may the index of a class. */
function isOfType(value: unknown, { type }: OptionSpec): boolean {
  if (type === 'flag') return typeof value === 'boolean';
  if (type === 'range' && Array.isArray(value)) return value.every((each) => Number.isFinite(each));
  if (typeof value === 'string') return value !== '';
  return type !== 'choice' && type !== 'range' && Number.isFinite(value);
}

function typeInWords(option: OptionSpec): string {
  if (option.type === 'flag') return 'true or false';
  if (option.type === 'range') return '[low, high] with 0 < low <= high <= 1';
  return option.type === 'text' ? `a string (${option.placeholder})` : expectedValue(option);
}
