/** The metadata of model.safetensors: enough to score images with the file alone. All values are strings. */
import { FormatError } from '../../runtime/index.ts';
import type { ScoringConfig } from '../config/config.ts';
import { ARCHITECTURES, PRECISIONS } from '../config/trainOptions.ts';
import { ALL_BITS } from '../data/codecs/decode.ts';
import { DATASET_NAMES } from '../data/datasets/table.ts';
import { FITS } from '../data/fit.ts';
import { METHOD_NAMES } from '../methods/table.ts';

/** Far above any real width, side or number of views; keeps a forged file from exhausting memory. */
const LARGEST = 4096;

type Metadata = Readonly<Record<string, string>>;

/**
 * The metadata of a model. Lists are comma-separated. Omitted: precision f32, fit crop, and sampleBits when no training
 * image has 16 bits.
 * @param normal the class that the model was trained on
 */
export function modelMetadata(config: ScoringConfig, normal: string): Record<string, string> {
  const { dataset, arch, method, width, size, precision, scale, views, fit, sampleBits, seed } = config;
  const numbers = { width: `${width}`, size: `${size}`, scale: scale.join(), views: `${views}`, seed: `${seed}` };
  return {
    dataset,
    arch,
    method,
    normal,
    ...(precision === 'f32' ? {} : { precision }),
    ...(fit === 'crop' ? {} : { fit }),
    ...(sampleBits === null ? {} : { sampleBits: `${sampleBits}` }),
    ...numbers,
  };
}

/**
 * The values that scores depend on.
 * @param file the file name for error messages
 * @throws FormatError when a value is invalid or missing, as in files of earlier versions
 */
export function scoringConfig(metadata: Metadata, file: string): ScoringConfig {
  const value = <T>(key: string, read: (text: string) => T | undefined): T => {
    const found = Object.hasOwn(metadata, key) ? read(metadata[key]) : undefined;
    if (found !== undefined) return found;
    throw new FormatError(`${file}: its metadata do not say how images are scored with it.`, {
      details: [`${key}: found ${Object.hasOwn(metadata, key) ? JSON.stringify(metadata[key]) : 'none'}`],
      remedy: 'the run folder that it comes from, whose config.json says it',
    });
  };
  const oneOf =
    <T extends string>(names: readonly T[]) =>
    (text: string) =>
      names.find((name) => name === text);
  const whole = (least: number, most: number) => (text: string) =>
    /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
  return {
    dataset: value('dataset', oneOf(DATASET_NAMES)),
    arch: value('arch', oneOf(ARCHITECTURES)),
    method: value('method', oneOf(METHOD_NAMES)),
    normal: value('normal', (text) => text),
    width: value('width', whole(1, LARGEST)),
    size: value('size', whole(1, LARGEST)),
    precision: Object.hasOwn(metadata, 'precision') ? value('precision', oneOf(PRECISIONS)) : 'f32',
    fit: Object.hasOwn(metadata, 'fit') ? value('fit', oneOf(FITS)) : 'crop',
    sampleBits: Object.hasOwn(metadata, 'sampleBits') ? value('sampleBits', whole(1, ALL_BITS)) : null,
    scale: value('scale', range),
    views: value('views', whole(0, LARGEST)),
    seed: value('seed', whole(0, 2 ** 32 - 1)),
  };
}

function range(text: string): [number, number] | undefined {
  const [low, high, ...rest] = text.split(',').map(Number);
  return low > 0 && low <= high && high <= 1 && rest.length === 0 ? [low, high] : undefined;
}
