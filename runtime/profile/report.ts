/** Timed launches as a table by kernel, beside the adapter's peaks, and as a trace for a viewer. */
import type { LaunchTime } from '../plan/timing.ts';
import type { Peaks } from './peaks.ts';

interface Row {
  name: string;
  launches: number;
  milliseconds: number;
  flops: number;
  bytes: number;
}

/** Launches of several equal steps, by kernel, the most expensive first; values are means over the steps. */
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

/** A text table of several timed runs of the same plan, with the adapter's peaks at the end. */
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

/** The launches as a Chrome trace (about:tracing, ui.perfetto.dev), with one row of the viewer per step. */
export function chromeTrace(steps: readonly (readonly LaunchTime[])[]): string {
  const events = steps.flatMap((launches, step) =>
    launches.map(({ name, shape, flops, bytes, begin, end }) => ({
      ...{ name, cat: 'gpu', ph: 'X', pid: 1, tid: step + 1, ts: begin * 1000, dur: (end - begin) * 1000 },
      args: { shape, flops, bytes },
    })),
  );
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events })}\n`;
}
