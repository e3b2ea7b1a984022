/** The arguments of `train`: those of the command line in camelCase, so that both have one set of checks. */
import { expectedValue, type OptionSpec } from '../base/options.ts';
import { TRAIN_OPTIONS } from '../config/trainOptions.ts';
import type { TrainHooks } from '../runs/hooks.ts';
import { checkOptions, entriesOf, type OptionKind, unknownOption, wrongArgument } from './arguments.ts';
import type { TrainOptions } from './types.ts';

/** For terminals only, or determined by the entry point of the package. */
const COMMAND_LINE_ONLY = ['in', 'json', 'quiet', 'help'];

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

/** The options as on the command line. @throws UsageError for an unknown name, or a value of the wrong type */
export function trainArguments(options: TrainOptions): string[] {
  const known = TRAIN_OPTIONS.filter(({ name }) => !COMMAND_LINE_ONLY.includes(name));
  return entriesOf('train: options', options).flatMap(([name, value]) => {
    const option = known.find((candidate) => nameOf(candidate) === name);
    if (!option) throw unknown(name, known.map(nameOf));
    if (!isOfType(value, option)) throw wrongArgument(`train: options.${name}`, value, typeInWords(option));
    if (option.type === 'flag') return value ? [`--${option.name}`] : [];
    return [`--${option.name}=${Array.isArray(value) ? value.join(',') : value}`];
  });
}

const nameOf = ({ name }: OptionSpec): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

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
