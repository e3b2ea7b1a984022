/**
 * Trials on the device: each choice of a kernel in a recorded plan of its own, all on the same operands. The operands are
 * views of a few buffers that serve every computation, with fewer images than the step has where it has many.
 */
import type { Context } from '../context.ts';
import type { AskedKernel, ConvChoice, ConvGeometry } from '../kernel/choices.ts';
import { flopsOf } from '../kernel/choices.ts';
import { convolve } from '../ops/convolve.ts';
import { convolveWeight } from '../ops/convolveWeight.ts';
import type { Plan } from '../plan/plan.ts';
import type { Tensor } from '../tensor.ts';
import type { Trial } from './pick.ts';

/** Elements of an operand that keep a device busy. */
const ENOUGH_ELEMENTS = { software: 2 ** 19, hardware: 2 ** 22 } as const;
/** Floating-point operations of a timed run: a few milliseconds, which clocks can tell apart. */
const ENOUGH_FLOPS = { software: 2e8, hardware: 4e9 } as const;
const MOST_REPEATS = 16;
/** No sum of the operands comes near it: what a kernel leaves unwritten is seen. */
const UNWRITTEN = 1e30;

export interface PreparedTrial extends Trial {
  dispose(): void;
}

export class TrialBench {
  readonly #context: Context;
  readonly #size: 'software' | 'hardware';
  /** x; then w or dy; then y or dw, and what it is filled with before a check. */
  readonly #operands: { x: Tensor; w: Tensor; y: Tensor; unwritten: Tensor };

  /** @param asked all that will be tried */
  constructor(context: Context, asked: readonly AskedKernel[]) {
    this.#context = context;
    this.#size = context.info.isSoftware ? 'software' : 'hardware';
    const counts = asked.map((each) => countsOf(each, this.#fewer(each.geometry)));
    const most = (of: 'x' | 'w' | 'y') => Math.max(...counts.map((count) => count[of]));
    const noise = noiseOf(Math.max(most('x'), most('w')));
    this.#operands = {
      x: context.tensor(noise.subarray(0, most('x')), [most('x')]),
      w: context.tensor(noise.subarray(0, most('w')), [most('w')]),
      y: context.empty([most('y')]),
      unwritten: context.full([most('y')], UNWRITTEN),
    };
  }

  /** Compiles the choices in parallel. Those that do not compile are null, but for the first, which must. */
  async prepare(asked: AskedKernel, choices: readonly ConvChoice[]): Promise<(PreparedTrial | null)[]> {
    const geometry = this.#fewer(asked.geometry);
    const repeats = Math.ceil(ENOUGH_FLOPS[this.#size] / Math.max(flopsOf(geometry), 1));
    const [first, ...others] = await Promise.allSettled(
      choices.map((choice) => this.#trial({ ...asked, geometry }, choice, Math.min(repeats, MOST_REPEATS))),
    );
    if (first.status === 'rejected') throw first.reason;
    return [first.value, ...others.map((other) => (other.status === 'fulfilled' ? other.value : null))];
  }

  dispose(): void {
    for (const tensor of Object.values(this.#operands)) tensor.dispose();
  }

  async #trial({ kind, geometry }: AskedKernel, choice: ConvChoice, repeats: number): Promise<PreparedTrial> {
    const context = this.#context;
    const { x, w, y, unwritten } = this.#operands;
    const size = countsOf({ kind }, geometry).y;
    const plan = await context.record(() =>
      context.choices.trying(choice, () => {
        for (let i = 0; i < repeats; i++) {
          if (kind === 'sum') convolve(context, { ...geometry, x, w }, y);
          else convolveWeight(context, { ...geometry, x }, w, y);
        }
      }),
    );
    return {
      result: async () => {
        const [from, to] = [unwritten, y].map((tensor) => tensor.view({ shape: [size], strides: [1], offset: 0 }));
        context.copy(from, to);
        plan.run();
        const values = (await to.read()) as Float32Array;
        from.dispose();
        to.dispose();
        return new Uint32Array(values.buffer, values.byteOffset, values.length);
      },
      time: () => timeOf(context, plan),
      dispose: () => plan.dispose(),
    };
  }

  /** The same computation on as many images as keep the device busy. */
  #fewer(geometry: ConvGeometry): ConvGeometry {
    const { inChannels, height, width, outChannels, outHeight, outWidth } = geometry;
    const perImage = Math.max(inChannels * height * width, outChannels * outHeight * outWidth);
    const enough = Math.max(1, Math.floor(ENOUGH_ELEMENTS[this.#size] / perImage));
    return { ...geometry, images: Math.min(geometry.images, enough) };
  }
}

/** Elements of the operands. */
function countsOf({ kind }: Pick<AskedKernel, 'kind'>, geometry: ConvGeometry): Record<'x' | 'w' | 'y', number> {
  const { images, inChannels, height, width, outChannels, outHeight, outWidth, kernel } = geometry;
  const weights = kernel[0] * kernel[1] * inChannels * outChannels;
  const outputs = images * outHeight * outWidth * outChannels;
  const [w, y] = kind === 'sum' ? [weights, outputs] : [outputs, weights];
  return { x: images * height * width * inChannels, w, y };
}

/** Values in (-1, 1) whose sums and products are inexact, so that another order of a sum has other bits. */
function noiseOf(count: number): Float32Array {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state >>> 8) / 2 ** 23 - 1;
  }
  return values;
}

/** Milliseconds of a run: on the device's clock where there is one, else until the queue is done. */
async function timeOf(context: Context, plan: Plan<unknown>): Promise<number> {
  if (context.features.timestampQuery) {
    const launches = await plan.profile();
    return launches[launches.length - 1].end - launches[0].begin;
  }
  await context.sync();
  const began = performance.now();
  plan.run();
  await context.sync();
  return performance.now() - began;
}
