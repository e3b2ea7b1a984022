/** The peak rates of an adapter, measured. Profiles are compared with them. */
import peaksSource from '../../shaders/peaks.wgsl';
import type { Context } from '../context.ts';
import { map } from '../ops/map.ts';

/** What the adapter reaches in the two simplest kernels. */
export interface Peaks {
  /** Fused multiply-adds from registers, two operations each. */
  gigaflops: number;
  /** A vec4 copy, bytes read plus bytes written. */
  gigabytesPerSecond: number;
}

const ROUNDS = 64;
const FLOPS_PER_LANE = ROUNDS * 16 * 12 * 2;
const LEAST_MILLISECONDS = 40;

/** Measures the adapter, in about half a second. */
export async function measurePeaks(context: Context): Promise<Peaks> {
  const { isSoftware } = context.info;
  const lanes = isSoftware ? 2 ** 12 : 2 ** 20;
  // larger than caches
  const bytes = Math.min(isSoftware ? 2 ** 25 : 2 ** 28, context.limits.maxStorageBufferBindingSize);
  const y = context.empty([lanes]);
  const x = context.zeros([Math.floor(bytes / 4)]);
  const multiplyAdd = () => {
    context.launch({
      kernel: { file: 'peaks.wgsl', source: peaksSource, entry: 'multiply_add', params: { ROUNDS } },
      bindings: { y },
      uniforms: { factor: 0.5, added: 1 },
      groups: [lanes / 64, 1, 1],
    });
    return y;
  };
  const flops = await perMillisecond(context, FLOPS_PER_LANE * lanes, multiplyAdd);
  const copied = await perMillisecond(context, 8 * x.size, () => map('a', [x]));
  for (const tensor of [x, y]) tensor.dispose();
  return { gigaflops: flops / 1e6, gigabytesPerSecond: copied / 1e6 };
}

/** The best of three rates: amount per run over milliseconds per run, of as many runs as timing needs. */
async function perMillisecond(context: Context, amount: number, body: () => unknown): Promise<number> {
  const plan = await context.record(body);
  const timed = async (runs: number): Promise<number> => {
    const began = performance.now();
    for (let i = 0; i < runs; i++) plan.run();
    await context.sync();
    return performance.now() - began;
  };
  await timed(1);
  let runs = 1;
  let least = await timed(runs);
  while (least < LEAST_MILLISECONDS && runs < 4096) {
    runs *= 2;
    least = await timed(runs);
  }
  for (let again = 0; again < 2; again++) least = Math.min(least, await timed(runs));
  plan.dispose();
  return (amount * runs) / least;
}
