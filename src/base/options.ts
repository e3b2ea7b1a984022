/** What an option is: one line of the tables that parsing, checks, help, the page's form and config.json come from. */

/** Limits of a number: `above` is excluded, `min` and `max` are included. */
interface Limits {
  min?: number;
  above?: number;
  max?: number;
}

/** `file`: a choice may also be the path of a file with this ending. */
type OptionType =
  | { type: 'flag' }
  | { type: 'text'; placeholder: string }
  | { type: 'choice'; choices: readonly string[]; file?: string }
  | ({ type: 'integer' | 'number' } & Limits)
  | { type: 'range' };

export type OptionGroup = 'Data' | 'Method' | 'Network and optimizer' | 'Run' | 'Output';

export type OptionValue = string | number | boolean | [number, number] | null;

export type OptionSpec = OptionType & {
  /** As typed, without the dashes. */
  name: string;
  /** The value of the configuration that it sets; options of the command line itself have none. */
  key?: string;
  group: OptionGroup;
  help: string;
  /** The default, where neither a preset nor the data set decides. */
  value?: OptionValue;
  /** The default in words, where `value` does not say it. */
  default?: string;
  /** Never changes one bit of the result: may differ when a run is resumed. */
  isFree?: boolean;
  /** Its field in the page's form; without one, the page does not ask. */
  field?: { label: string; unit?: string; help?: string };
};

export type OptionTable = readonly OptionSpec[];

/** The default in words; undefined for what is simply left out. */
export function defaultInWords({ default: words, value }: OptionSpec): string | undefined {
  return words ?? (value === undefined || value === null || value === false ? undefined : String(value));
}

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
