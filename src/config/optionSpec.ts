/** What an option is: a line of the tables that parsing, checks and help texts come from. */
import type { RunConfig } from './config.ts';

/** Limits of a number: `above` is excluded, `min` and `max` are included. */
interface Limits {
  min?: number;
  above?: number;
  max?: number;
}

/** `file`: a choice may also be the path of a file that ends so. */
type OptionType =
  | { type: 'flag' }
  | { type: 'text'; placeholder: string }
  | { type: 'choice'; choices: readonly string[]; file?: string }
  | ({ type: 'integer' | 'number' } & Limits)
  | { type: 'range' };

export type OptionSpec = OptionType & {
  /** As typed, without the dashes. */
  name: string;
  /** The value of the configuration that it sets; none for options of the command line itself. */
  key?: keyof RunConfig;
  group: 'Data' | 'Method' | 'Network and optimiser' | 'Run' | 'Output';
  help: string;
  /** The default in words. */
  default?: string;
};

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
