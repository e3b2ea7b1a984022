/** The metadata of model.safetensors: enough to score images with the file alone. All values are strings. */
import { FormatError } from '../../runtime/index.ts';
import { type OptionSpec, type OptionValue, parseValue } from '../base/options.ts';
import { SCORING_KEYS, type ScoringConfig } from '../config/config.ts';
import { CONFIG_OPTIONS, hasOption } from '../config/trainOptions.ts';
import { ALL_BITS } from '../data/codecs/decode.ts';
import { parseStatistics } from '../data/statistics.ts';
import { METHOD_NAMES } from '../methods/table.ts';

type Metadata = Readonly<Record<string, string>>;

/** Written by every version; what else a file lacks had its default before there was an option. */
const ALWAYS: readonly string[] = ['dataset', 'arch', 'method', 'normal', 'width', 'size', 'scale', 'views', 'seed'];

/** Values that runs record, and that have no option. */
const RECORDED: Readonly<Record<string, OptionSpec>> = {
  sampleBits: { name: 'sampleBits', type: 'integer', min: 1, max: ALL_BITS, group: 'Data', help: '', value: null },
  statistics: { name: 'statistics', type: 'text', placeholder: 'M,M,M,S,S,S', group: 'Data', help: '', value: null },
};

/** How a value is read. */
const SPECS: readonly OptionSpec[] = SCORING_KEYS.map((key) => {
  return CONFIG_OPTIONS.find((each) => each.key === key) ?? { ...RECORDED[key], key };
});

/**
 * The metadata of a model. Lists are comma-separated. Values that ALWAYS does not list are omitted when they are the default.
 * @param normal the class that the model was trained on
 */
export function modelMetadata(config: ScoringConfig, normal: string): Record<string, string> {
  const values = { ...config, normal } as unknown as Record<string, OptionValue>;
  const entries = SPECS.flatMap(({ key, value }): [string, string][] => {
    const own = values[key!];
    const isOmitted = own === undefined || (own === value && !ALWAYS.includes(key!));
    return isOmitted ? [] : [[key!, String(own)]];
  });
  return Object.fromEntries(entries);
}

/**
 * The values that scores depend on.
 * @param file the file name for error messages
 * @throws FormatError when a value is invalid or missing, as in files of earlier versions
 */
export function scoringConfig(metadata: Metadata, file: string): ScoringConfig {
  const entries = SPECS.map((option): [string, OptionValue] => {
    const key = option.key!;
    const text = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    const value = text === undefined ? defaultOf(option, metadata.method) : parsedOrNone(option, text);
    if (value !== undefined) return [key, value];
    throw new FormatError(`${file}: its metadata do not say how images are scored with it.`, {
      details: [`${key}: found ${text === undefined ? 'none' : JSON.stringify(text)}`],
      remedy: 'the run folder that it comes from, whose config.json says it',
    });
  });
  const config = Object.fromEntries(entries) as unknown as ScoringConfig;
  return Object.fromEntries(entries.filter(([key]) => hasOption(config.method, key))) as unknown as ScoringConfig;
}

/** The value of a file that has none; undefined if every file of its method should have one. */
function defaultOf({ key, value = null }: OptionSpec, method: string): OptionValue | undefined {
  const name = METHOD_NAMES.find((known) => known === method);
  return ALWAYS.includes(key!) && !(name && !hasOption(name, key!)) ? undefined : (value as OptionValue);
}

/** Undefined for text that the option does not take. */
function parsedOrNone(option: OptionSpec, text: string): OptionValue | undefined {
  try {
    if (option.key === 'statistics') parseStatistics(text);
    return parseValue(option, text);
  } catch {
    return undefined;
  }
}
