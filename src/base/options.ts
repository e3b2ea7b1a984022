/** What an option is: one line of the tables that parsing, checks, help, the page's form and config.json come from. */
import { UsageError } from './errors.ts';
import { findName } from './names.ts';
import { nearestName } from './suggest.ts';

/** Limits of a number: `above` is excluded, `min` and `max` are included. */
interface Limits {
  min?: number;
  above?: number;
  max?: number;
}

/**
 * `file`: a choice may also be the path of a file with this ending, with `isAnyFile` also of one with another: who reads it
 * says what it is. `word`: what a number may also be.
 */
type OptionType =
  | { type: 'flag' }
  | { type: 'text'; placeholder: string }
  | { type: 'choice'; choices: readonly string[]; file?: string; isAnyFile?: boolean }
  | ({ type: 'integer' | 'number'; word?: string } & Limits)
  | { type: 'range' };

export type OptionGroup = 'Data' | 'Method' | 'Network and optimizer' | 'Run' | 'Output' | 'Parity with published code';

export type OptionValue = string | number | boolean | [number, number] | null;

export type OptionSpec = OptionType & {
  /** As typed, without the dashes. */
  name: string;
  /** The value of the configuration that it sets; options of the command line itself have none. */
  key?: string;
  group: OptionGroup;
  help: string;
  /** The default, where no recipe decides; a function when it follows from other values. */
  value?: OptionValue | ((others: Readonly<Record<string, OptionValue>>) => OptionValue);
  /** The default in words, where `value` does not say it. */
  default?: string;
  /** Only for methods that train something, or that score augmented views. */
  only?: 'trained' | 'augmented';
  /** Never changes one bit of the result: may differ when a run is resumed. */
  isFree?: boolean;
  /** Its field in the page's form; without one, the page does not ask. */
  field?: { label: string; unit?: string; help?: string; words?: Readonly<Record<string, string>> };
};

export type OptionTable = readonly OptionSpec[];

/** The default in words; undefined for what is simply left out. */
export function defaultInWords({ default: words, value }: OptionSpec): string | undefined {
  const isShown = value !== undefined && value !== null && value !== false && typeof value !== 'function';
  return words ?? (isShown ? String(value) : undefined);
}

/** What an option takes, in words: for errors. */
export function expectedValue(option: OptionSpec): string {
  if (option.type === 'choice')
    return `one of ${option.choices.join(', ')}${option.file ? `, or a ${option.file} file` : ''}`;
  if (option.type === 'range') return 'LOW,HIGH with 0 < LOW <= HIGH <= 1';
  if (option.type === 'text') return option.placeholder;
  if (option.type === 'flag') return 'nothing';
  return `${numberInWords(option)}${option.word === undefined ? '' : `, or ${option.word}`}`;
}

function numberInWords({ type, min, above, max }: { type: 'integer' | 'number' } & Limits): string {
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  if (above !== undefined) return `${noun} above ${above}`;
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  return min === undefined ? noun : `${noun} of ${min} or more`;
}

/** What stands for an option's value in a help text. */
export function placeholderOf(option: OptionSpec): string {
  if (option.type === 'text') return option.placeholder;
  if (option.type === 'choice') return [...option.choices, ...(option.file ? ['FILE'] : [])].join('|');
  if (option.type === 'range') return 'LOW,HIGH';
  if (option.type === 'flag') return '';
  return [option.type === 'integer' ? 'N' : 'X', ...(option.word === undefined ? [] : [option.word])].join('|');
}

/** How programs call an option: `checkpointEvery` for --checkpoint-every, `where` for --in. */
export const keyOf = ({ key, name }: OptionSpec): string =>
  key ?? name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Values by key, and the default of each that is not among them. */
export const withDefaults = <Values extends object>(options: OptionTable, values: Values) =>
  ({ ...Object.fromEntries(options.map((option) => [keyOf(option), option.value])), ...values }) as Values;

/** Whether a value, not its text, is one that the option takes. */
export function isValueOf(option: OptionSpec, value: unknown): value is OptionValue {
  switch (option.type) {
    case 'flag':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string' && value !== '';
    case 'choice':
      return typeof value === 'string' && (option.choices.includes(value) || isFile(option, value));
    case 'range':
      return Array.isArray(value) && isRange(value);
    default:
      return typeof value === 'number' ? isWithin(option, value) : typeof value === 'string' && value === option.word;
  }
}

/**
 * A value from its text.
 * @throws UsageError that names the option, what it takes, and the nearest right spelling
 */
export function parseValue(option: OptionSpec, text: string): OptionValue {
  switch (option.type) {
    case 'choice':
      return isFile(option, text) ? text : parseChoice(option, option.choices, text);
    case 'integer':
    case 'number': {
      if (text === option.word) return text;
      const value = parseNumber(text);
      if (!isWithin(option, value)) throw wrongValue(option, text, expectedValue(option));
      return value;
    }
    case 'range': {
      const ends = text.split(',').map(parseNumber);
      if (!isRange(ends)) throw wrongValue(option, text, expectedValue(option));
      return ends;
    }
    default:
      return text;
  }
}

export function wrongValue(option: OptionSpec, text: string, expected: string): UsageError {
  const words = defaultInWords(option);
  const fallback = words ? `${expected} (default: ${words})` : expected;
  return new UsageError(`--${option.name} ${text}: expected ${expected}.`, {
    remedy: `--${option.name} with ${fallback}`,
  });
}

const isFile = (option: OptionSpec, text: string): boolean =>
  option.type === 'choice' &&
  option.file !== undefined &&
  (text.endsWith(option.file) || (option.isAnyFile === true && /[./\\]/.test(text)));

const isRange = (ends: readonly unknown[]): ends is [number, number] => {
  const [low, high] = ends as number[];
  return ends.length === 2 && low > 0 && low <= high && high <= 1;
};

function isWithin({ type, min = -Infinity, above = -Infinity, max = Infinity }: OptionSpec & Limits, value: number) {
  const isWhole = type === 'number' || Number.isInteger(value);
  return Number.isFinite(value) && isWhole && value >= min && value <= max && value > above;
}

function parseChoice(option: OptionSpec, choices: readonly string[], text: string): string {
  const found = findName(`--${option.name}`, text, choices);
  if (found) return found;
  const guess = nearestName(text, choices);
  throw new UsageError(`--${option.name} ${text}: expected ${expectedValue(option)}.`, {
    remedy: `--${option.name} ${guess ?? choices[0]}`,
  });
}

/** A plain decimal number; NaN for anything else. Number() alone would take '', '0x10' and 'Infinity'. */
function parseNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
