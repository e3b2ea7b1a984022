/**
 * Trials on the device: a recorded plan for each choice of a kernel, all on the same operands. The operands are views of a
 * few shared buffers, with the types that the step uses, and fewer images if the step has many.
 */
import type { Context } from '../context.ts';
import type { DType } from '../dtype.ts';
import {
  type AskedKernel,
  type ConvChoice,
  type ConvGeometry,
  flopsOf,
  OPERANDS,
  type Operand,
} from '../kernel/choices.ts';
import { convolve } from '../nn/functional/convolve.ts';
import { convolveWeight } from '../nn/functional/convolveWeight.ts';
import type { Plan } from '../plan/plan.ts';
import type { Tensor } from '../tensor.ts';
import type { Trial } from './pick.ts';

/** Elements of an operand that keep a device busy. */
const ENOUGH_ELEMENTS = { software: 2 ** 19, hardware: 2 ** 22 } as const;
/** Floating-point operations of a timed run: enough for a few milliseconds, which clocks resolve. */
const ENOUGH_FLOPS = { software: 2e8, hardware: 4e9 } as const;
const MOST_REPEATS = 16;
/** Fills outputs before a run, to detect elements left unwritten. No result comes near it, and f16 can represent it. */
const UNWRITTEN = 60000;

export interface PreparedTrial extends Trial {
  dispose(): void;
}

export class TrialBench {
  readonly #context: Context;
  readonly #size: 'software' | 'hardware';
  /** Keyed by operand and type. */
  readonly #buffers = new Map<string, Tensor>();

  /** @param asked all computations that will be tried */
  constructor(context: Context, asked: readonly AskedKernel[]) {
    this.#context = context;
    this.#size = context.info.isSoftware ? 'software' : 'hardware';
    const elements = new Map<string, { operand: Operand; dtype: DType; count: number }>();
    for (const each of asked) {
      const counts = countsOf(each, this.#fewer(each.geometry));
      for (const operand of OPERANDS) {
        const dtype = each.types[operand];
        const count = Math.max(counts[operand], elements.get(`${operand} ${dtype}`)?.count ?? 0);
        elements.set(`${operand} ${dtype}`, { operand, dtype, count });
      }
    }
    const noise = noiseOf(Math.max(...[...elements.values()].map(({ count }) => count)));
    for (const [name, { operand, dtype, count }] of elements) {
      if (operand === 'y') {
        this.#buffers.set(name, context.empty([count], { dtype }));
        this.#buffers.set(`unwritten ${dtype}`, context.full([count], UNWRITTEN, { dtype }));
      } else {
        this.#buffers.set(name, context.tensor(noise.subarray(0, count), [count], { dtype }));
      }
    }
  }

  /** Compiles the choices in parallel. Those that do not compile are null, except the first, which must. */
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
    for (const tensor of this.#buffers.values()) tensor.dispose();
  }

  async #trial({ kind, geometry, types }: AskedKernel, choice: ConvChoice, repeats: number): Promise<PreparedTrial> {
    const context = this.#context;
    const buffer = (name: string, dtype: DType) => this.#buffers.get(`${name} ${dtype}`)!;
    const [x, w, y] = OPERANDS.map((operand) => buffer(operand, types[operand]));
    const unwritten = buffer('unwritten', types.y);
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

  /** The same computation on only as many images as keep the device busy. */
  #fewer(geometry: ConvGeometry): ConvGeometry {
    const { inChannels, height, width, outChannels, outHeight, outWidth } = geometry;
    const perImage = Math.max(inChannels * height * width, outChannels * outHeight * outWidth);
    const enough = Math.max(1, Math.floor(ENOUGH_ELEMENTS[this.#size] / perImage));
    return { ...geometry, images: Math.min(geometry.images, enough) };
  }
}

/** Element counts of the operands. */
function countsOf({ kind }: Pick<AskedKernel, 'kind'>, geometry: ConvGeometry): Record<Operand, number> {
  const { images, inChannels, height, width, outChannels, outHeight, outWidth, kernel } = geometry;
  const weights = kernel[0] * kernel[1] * inChannels * outChannels;
  const outputs = images * outHeight * outWidth * outChannels;
  const [w, y] = kind === 'sum' ? [weights, outputs] : [outputs, weights];
  return { x: images * height * width * inChannels, w, y };
}

/** Values in (-1, 1) whose sums and products are inexact, so that the order of a sum shows in the bits. */
function noiseOf(count: number): Float32Array {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state >>> 8) / 2 ** 23 - 1;
  }
  return values;
}

/** Milliseconds per run: by the device's clock if available, otherwise until the queue is done. */
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
