/**
 * A command line as values. They are checked here, at the edge, so that the rest of the program never meets a NaN or an
 * unknown name; every refusal names the option, what it takes, and the nearest right spelling.
 */

import { UsageError } from '../base/errors.ts';
import { findName } from '../base/names.ts';
import { defaultInWords, expectedValue, type OptionSpec, type OptionTable, placeholderOf } from '../base/options.ts';
import { nearestName } from '../base/suggest.ts';
import type { ConfigChoices } from '../config/config.ts';
import { TRAIN_OPTIONS } from '../config/trainOptions.ts';
import { SERVE_HOST, SERVE_OPTIONS, SERVE_PORT } from './serveOptions.ts';

export interface TrainCall {
  choices: ConfigChoices;
  resume: boolean;
  force: boolean;
  profile: boolean;
  acceptChangedData: boolean;
  json: boolean;
  quiet: boolean;
  help: boolean;
}

/** A command line as a call. @throws UsageError that names the option, what it takes, and the nearest right spelling. */
export function parseTrainOptions(args: readonly string[]): TrainCall {
  const choices: Record<string, unknown> = {};
  const flags = new Set<string>();
  for (const [option, text] of readArguments(args, TRAIN_OPTIONS, 'train')) {
    if (option.key) choices[option.key] = option.type === 'flag' ? true : parseValue(option, text);
    else flags.add(option.name);
  }
  if (flags.has('resume') && flags.has('force')) {
    throw new UsageError('--resume --force: an existing run is either continued or replaced.', {
      remedy: 'one of the two',
    });
  }
  if (flags.has('accept-changed-data') && !flags.has('resume')) {
    throw new UsageError('--accept-changed-data: there are no earlier images without --resume.', {
      remedy: '--resume --accept-changed-data, or neither for a new run',
    });
  }
  return {
    choices: choices as ConfigChoices,
    resume: flags.has('resume'),
    force: flags.has('force'),
    profile: flags.has('profile'),
    acceptChangedData: flags.has('accept-changed-data'),
    json: flags.has('json'),
    quiet: flags.has('quiet'),
    help: flags.has('help'),
  };
}

export interface ServeCall {
  port: number;
  host: string;
  help: boolean;
}

/** As parseTrainOptions, of `oecl serve`. */
export function parseServeOptions(args: readonly string[]): ServeCall {
  const call: ServeCall = { port: SERVE_PORT, host: SERVE_HOST, help: false };
  for (const [option, text] of readArguments(args, SERVE_OPTIONS, 'serve')) {
    Object.assign(call, { [option.name]: option.type === 'flag' ? true : parseValue(option, text) });
  }
  return call;
}

/** Pairs each argument with its option: `--name value`, `--name=value` or, for a flag, `--name`; -h is --help. */
function readArguments(args: readonly string[], options: OptionTable, command: string): [OptionSpec, string][] {
  const hint = `oecl help ${command} lists them`;
  const pairs: [OptionSpec, string][] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] === '-h' ? '--help' : args[i];
    if (!arg.startsWith('--')) {
      throw new UsageError(`${arg}: not an option.`, { remedy: `options start with two dashes; ${hint}` });
    }
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    const option = options.find((candidate) => candidate.name === name) ?? unknownOption(name, options, hint);
    if (pairs.some(([earlier]) => earlier === option)) {
      throw new UsageError(`--${name}: given twice.`, { remedy: 'give it once' });
    }
    const inline = equals < 0 ? undefined : arg.slice(equals + 1);
    if (option.type === 'flag') {
      if (inline !== undefined) throw wrongValue(option, inline, 'no value: it is a switch');
      pairs.push([option, '']);
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined || value === '' || (inline === undefined && value.startsWith('--'))) {
      throw new UsageError(`--${name}: the value is missing, expected ${expectedValue(option)}.`, {
        remedy: `--${name} ${placeholderOf(option)}`,
      });
    }
    pairs.push([option, value]);
  }
  return pairs;
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

function parseValue(option: OptionSpec, text: string): string | number | [number, number] {
  switch (option.type) {
    case 'choice':
      return option.file && text.endsWith(option.file) ? text : parseChoice(option, option.choices, text);
    case 'integer':
    case 'number': {
      const value = parseNumber(text);
      const isRight =
        Number.isFinite(value) &&
        (option.type === 'number' || Number.isInteger(value)) &&
        value >= (option.min ?? -Infinity) &&
        value <= (option.max ?? Infinity) &&
        value > (option.above ?? -Infinity);
      if (!isRight) throw wrongValue(option, text, expectedValue(option));
      return value;
    }
    case 'range': {
      const [low, high, ...rest] = text.split(',').map(parseNumber);
      if (!(low > 0 && low <= high && high <= 1) || rest.length > 0)
        throw wrongValue(option, text, expectedValue(option));
      return [low, high];
    }
    default:
      return text;
  }
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

function wrongValue(option: OptionSpec, text: string, expected: string): UsageError {
  const words = defaultInWords(option);
  const fallback = words ? `${expected} (default: ${words})` : expected;
  return new UsageError(`--${option.name} ${text}: expected ${expected}.`, {
    remedy: `--${option.name} with ${fallback}`,
  });
}
