/** Remedies, in terms of a run's options, for when the adapter does not support what a run asks for. */
import { type Context, LimitError } from '../../runtime/index.ts';
import { adapterName } from '../base/adapter.ts';
import { UsageError } from '../base/errors.ts';
import type { RunConfig, ScoringConfig } from '../config/config.ts';
import { rowsPerImage } from '../methods/stepBatch.ts';
import { methodNamed } from '../methods/table.ts';

/** @throws UsageError when the adapter does not support the type for stored activations */
export function checkPrecision({ precision }: ScoringConfig, { features, info }: Context): void {
  if (precision === 'f32' || features.f16) return;
  throw new UsageError('--precision f16: the adapter lacks the feature "shader-f16".', {
    details: [`adapter ${adapterName(info)}`],
    remedy: '--precision f32, which every adapter has, or --adapter with another one (--list-adapters)',
  });
}

/** Explains a LimitError of the network itself, which no batch size can fix; returns other errors unchanged. */
export function ofNetwork(error: unknown, { width }: ScoringConfig): unknown {
  return withRemedy(error, () => `a smaller --width (now ${width})`);
}

/** Explains a LimitError of the images of a batch, which are uploaded as packed. Its remedy is final: see withRemedy. */
export function ofImages(error: unknown, { batch, size }: RunConfig): unknown {
  const changed = withRemedy(error, ({ needed, allowed }) => {
    const fitting = Math.floor((batch * allowed) / needed);
    const smaller = `a smaller --size (now ${size}), to which images are scaled down`;
    return fitting >= 2 ? `--batch ${fitting} or less (now ${batch}), or ${smaller}` : smaller;
  });
  if (!(changed instanceof LimitError)) return changed;
  const { sentence, details, remedy } = changed;
  return new LimitError(sentence, { details: [`the images of a batch of ${batch}`, ...details], remedy, cause: error });
}

/** Explains a LimitError of a training step and proposes a batch that fits; returns other errors unchanged. */
export function ofStep(error: unknown, config: RunConfig): unknown {
  return withRemedy(error, ({ needed, allowed }) => {
    const { batch, size, width, method } = config;
    const fitting = Math.floor((batch * allowed) / needed);
    const views = rowsPerImage(methodNamed(method).batch(config));
    return fitting >= 2
      ? `--batch ${fitting} or less (now ${batch}; an image gives ${views} views)`
      : `a smaller --size (now ${size}) or --width (now ${width}): not even --batch 2 fits`;
  });
}

/** Explains a LimitError that occurs even when scoring one test image at a time. */
export function ofEvaluation(error: unknown, { size, width, views }: ScoringConfig): unknown {
  return withRemedy(error, () => `a smaller --size (now ${size}), --width (now ${width}) or --views (now ${views})`);
}

/** Changes only errors that say how many bytes were needed; others have a different cause or are already explained. */
function withRemedy(error: unknown, remedy: (bytes: { needed: number; allowed: number }) => string): unknown {
  if (!(error instanceof LimitError) || !error.bytes) return error;
  const { sentence, details, bytes } = error;
  return new LimitError(sentence, {
    details,
    remedy: `${remedy(bytes)}, or another adapter (--list-adapters)`,
    bytes,
    cause: error,
  });
}
