/** --init: what follows from the weights that a backbone starts from, and what does not go with them. */
import { UsageError } from '../base/errors.ts';
import type { OptionValue } from '../base/options.ts';
import { LARGEST_SMALL_SIDE } from '../models/resnet.ts';
import type { WeightsNetwork } from '../models/weights.ts';
import type { RunConfig } from './config.ts';
import { INITIALIZATIONS } from './networkOptions.ts';
import { NORMALIZATIONS } from './parityOptions.ts';

/** The path of the file that --init names; null if it names none. */
export const weightsFile = (init: string | undefined): string | null =>
  init === undefined || INITIALIZATIONS.some((name) => name === init) ? null : init;

/** A side at which networks trained on larger images still tell images apart. */
const SIDE = 96;
/** A side of networks for small images. */
const SMALL_SIDE = 32;

/** What the built-in weights were trained with. */
const BUILTIN = { arch: 'mobilenetv2', width: 32, size: SIDE, normalize: 'none', freeze: 'all' } as const;

/**
 * The values that weights give where the caller gives none.
 * @param usualSize the side without them
 * @param weights the network of the file
 */
export function weightsDefaults(
  init: OptionValue | undefined,
  usualSize: number,
  weights?: WeightsNetwork | null,
): Partial<RunConfig> {
  if (init === 'builtin') return BUILTIN;
  if (!weights) return {};
  const { arch, width, fits } = weights;
  const size = [weights.size ?? usualSize, usualSize, SIDE, SMALL_SIDE].find(fits)!;
  const normalize = NORMALIZATIONS.find((name) => name === weights.normalize);
  return { arch, width, size, ...(normalize ? { normalize } : {}) };
}

/** @throws UsageError for a network that the weights do not fit */
export function checkWeights({ init, arch, width, size }: RunConfig, weights?: WeightsNetwork | null): void {
  const wanted = init === 'builtin' ? BUILTIN : weights;
  if (!wanted) return;
  if (arch !== wanted.arch || width !== wanted.width) {
    const whose = init === 'builtin' ? 'the built-in weights are' : 'its weights are';
    throw new UsageError(`--init ${init} --arch ${arch} --width ${width}: ${whose} of another network.`, {
      remedy: `--arch ${wanted.arch} --width ${wanted.width}, which are the defaults with --init ${init}`,
    });
  }
  if (!weights || weights.fits(size)) return;
  const side = [SIDE, SMALL_SIDE].find(weights.fits)!;
  const isLarger = side > size;
  throw new UsageError(
    `--init ${init} --size ${size}: its first convolution is that of networks for ${isLarger ? 'larger' : 'smaller'} images.`,
    { remedy: `--size ${side}, or another side ${isLarger ? 'above' : 'up to'} ${LARGEST_SMALL_SIDE}` },
  );
}
