/**
 * Parses and validates the command line, so the rest of the program never sees a NaN or an unknown name. Every error names
 * the option, the accepted values, and the closest valid spelling. Not commander: producing these errors from its messages
 * takes as many lines, plus 39 kB.
 */
import { UsageError } from '../base/errors.ts';
import {
  expectedValue,
  keyOf,
  type OptionSpec,
  type OptionTable,
  parseValue,
  placeholderOf,
  wrongValue,
} from '../base/options.ts';
import { nearestName } from '../base/suggest.ts';
import type { Call, Command, Positional } from './command.ts';

/**
 * `--name value`, `--name=value` or, for a flag, `--name`; anything else is positional, as is everything after `--`.
 * @throws UsageError
 */
export function parseCall(command: Command, args: readonly string[]): Call {
  const { options, positionals: wanted } = command;
  const hint = `oecl help ${command.name} lists them`;
  const values: Record<string, Call['values'][string]> = {};
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const positionals = args.slice(end + 1);
  for (let i = 0; i < end; i++) {
    const arg = args[i];
    const isOption = arg.startsWith('--');
    if (isOption ? options.length === 0 : wanted.length === 0 || arg.startsWith('-'))
      throw noOption(command, arg, hint);
    if (!isOption) {
      positionals.push(arg);
      continue;
    }
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    const option = options.find((candidate) => candidate.name === name) ?? unknownOption(name, options, hint);
    const key = keyOf(option);
    if (key in values) throw new UsageError(`--${name}: given twice.`, { remedy: 'give it once' });
    const inline = equals < 0 ? undefined : arg.slice(equals + 1);
    if (option.type === 'flag') {
      if (inline !== undefined) throw wrongValue(option, inline, 'no value: it is a switch');
      values[key] = true;
    } else {
      values[key] = parseValue(option, inline || following(option, inline ?? args[++i]));
    }
  }
  checkPositionals(command, positionals);
  return { values, positionals };
}

/** `MODEL IMAGES...`, as in a usage line. */
export const usageOf = (positionals: readonly Positional[]): string[] =>
  positionals.map(({ name, isOptional, isRepeated }) => {
    const shown = `${name}${isRepeated ? '...' : ''}`;
    return isOptional ? `[${shown}]` : shown;
  });

/** The argument that follows an option without an inline value. */
function following(option: OptionSpec, next: string | undefined): string {
  if (next !== undefined && next !== '' && !next.startsWith('--')) return next;
  throw new UsageError(`--${option.name}: the value is missing, expected ${expectedValue(option)}.`, {
    remedy: `--${option.name} ${placeholderOf(option)}`,
  });
}

function checkPositionals({ name, positionals: wanted }: Command, given: readonly string[]): void {
  const usage = ['oecl', name, ...usageOf(wanted)].join(' ');
  const missing = wanted.slice(given.length).find(({ isOptional }) => !isOptional);
  if (missing) throw new UsageError(`oecl ${name}: ${missing.name} is missing.`, { remedy: usage });
  if (given.length > wanted.length && !wanted.at(-1)?.isRepeated) {
    throw new UsageError(`oecl ${name}: ${given[wanted.length]} is one argument too many.`, { remedy: usage });
  }
}

function noOption({ name, options }: Command, arg: string, hint: string): UsageError {
  return options.length === 0
    ? new UsageError(`${name} ${arg}: it takes no options.`, { remedy: `oecl ${name}` })
    : new UsageError(`${arg}: not an option.`, { remedy: `options start with two dashes; ${hint}` });
}

function unknownOption(name: string, options: OptionTable, hint: string): never {
  const guess = nearestName(
    name,
    options.map((option) => option.name),
  );
  throw new UsageError(`--${name}: there is no such option.`, {
    remedy: guess ? `--${guess}; ${hint}` : hint,
  });
}
