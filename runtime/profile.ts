/** What to make of timed launches: a table by kernel beside what the adapter can do at most, and a trace for a viewer. */
import peaksSource from '../shaders/peaks.wgsl';
import type { Context } from './context.ts';
import { map } from './ops/elementwise.ts';
import type { LaunchTime } from './plan/timing.ts';

/** What the adapter reaches in the two simplest kernels there are. */
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

/** The best of three rates: amount a run over milliseconds a run, of runs that together take long enough to be timed. */
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

interface Row {
  name: string;
  launches: number;
  milliseconds: number;
  flops: number;
  bytes: number;
}

/** Launches of several equal steps, by kernel, the dearest first; figures are means over the steps. */
function rowsOf(steps: readonly (readonly LaunchTime[])[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { name, begin, end, flops, bytes } of steps.flat()) {
    const row = rows.get(name) ?? { name, launches: 0, milliseconds: 0, flops: 0, bytes: 0 };
    rows.set(name, row);
    row.launches += 1 / steps.length;
    row.milliseconds += (end - begin) / steps.length;
    row.flops += flops / steps.length;
    row.bytes += bytes / steps.length;
  }
  return [...rows.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** A text table of several timed runs of the same plan, and the adapter's peaks below. */
export function profileTable(steps: readonly (readonly LaunchTime[])[], peaks: Peaks): string {
  const rows = rowsOf(steps);
  const total = rows.reduce(
    (sum, row) => ({
      ...{ name: 'all', launches: sum.launches + row.launches, milliseconds: sum.milliseconds + row.milliseconds },
      ...{ flops: sum.flops + row.flops, bytes: sum.bytes + row.bytes },
    }),
    { name: 'all', launches: 0, milliseconds: 0, flops: 0, bytes: 0 },
  );
  const width = Math.max(...rows.map(({ name }) => name.length), 'adapter at most'.length);
  const line = (name: string, ...cells: string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join(' ').trimEnd();
  const rate = (amount: number, milliseconds: number) =>
    amount > 0 && milliseconds > 0 ? significant(amount / milliseconds / 1e6) : '';
  return [
    line('kernel', 'launches', 'ms', 'share', 'GFLOP/s', 'GB/s'),
    ...[...rows, total].map(({ name, launches, milliseconds, flops, bytes }) =>
      line(
        ...([name, String(Math.round(launches)), milliseconds.toFixed(2)] as const),
        `${((100 * milliseconds) / total.milliseconds).toFixed(1)} %`,
        ...[rate(flops, milliseconds), rate(bytes, milliseconds)],
      ),
    ),
    line('adapter at most', '', '', '', significant(peaks.gigaflops), significant(peaks.gigabytesPerSecond)),
    'GB/s: what the bindings span, each counted once; a kernel that reads a value twice has it from a cache',
    '',
  ].join('\n');
}

const significant = (value: number): string => String(Number(value.toPrecision(3)));

/** The launches as a Chrome trace (about:tracing, ui.perfetto.dev), one row of the viewer a step. */
export function chromeTrace(steps: readonly (readonly LaunchTime[])[]): string {
  const events = steps.flatMap((launches, step) =>
    launches.map(({ name, shape, flops, bytes, begin, end }) => ({
      ...{ name, cat: 'gpu', ph: 'X', pid: 1, tid: step + 1, ts: begin * 1000, dur: (end - begin) * 1000 },
      args: { shape, flops, bytes },
    })),
  );
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events })}\n`;
}
