/** Timed runs: the same bits as normal ones, every launch in the table and the trace, a clear error without timestamps. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  add,
  type Context,
  chromeTrace,
  type LaunchTime,
  matmul,
  measurePeaks,
  profileTable,
} from '../../runtime/index.ts';
import { timedRun } from '../../runtime/plan/timing.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

const launch = (name: string, begin: number, end: number, flops = 0): LaunchTime => ({
  ...{ name, begin, end, flops, bytes: 1e6, shape: '2x2' },
});

test('multiply_add: 12 chains of 16 links', () => {
  const [factor, added] = [0.5, 1];
  const chain = (start: number) => {
    let value = start;
    for (let link = 0; link < 16; link++) value = value * factor + added;
    return value;
  };
  const sums = Array.from({ length: 64 }, (_, i) =>
    Array.from({ length: 12 }, (_, c) => chain(i + c)).reduce((a, b) => a + b, 0),
  );
  expectOnCpu(
    {
      kernel: { file: 'peaks.wgsl', entry: 'multiply_add' },
      bindings: { y: new Float32Array(64) },
      uniforms: { factor, added },
      groups: [1, 1, 1],
    },
    { y: sums },
    tolerance.reduction(16),
  );
});

test('the table: kernels by their time, means over the steps, rates; the trace: every launch', () => {
  const steps = [
    [launch('small', 0, 1), launch('large', 1, 5, 8e6)],
    [launch('small', 0, 1), launch('large', 1, 5, 8e6)],
  ];
  const table = profileTable(steps, { gigaflops: 50, gigabytesPerSecond: 3 }).replace(/ +/g, ' ').split('\n');
  expect(table.slice(0, 5)).toEqual([
    'kernel launches ms share GFLOP/s GB/s',
    'large 1 4.00 80.0 % 2 0.25',
    'small 1 1.00 20.0 % 1',
    'all 2 5.00 100.0 % 1.6 0.4',
    'adapter at most 50 3',
  ]);
  const { traceEvents } = JSON.parse(chromeTrace(steps));
  expect(traceEvents).toHaveLength(4);
  expect(traceEvents[1]).toMatchObject({ name: 'large', ph: 'X', tid: 1, ts: 1000, dur: 4000, args: { flops: 8e6 } });
});

test('a timed run computes what a plain one does, and names its launches in order', async (t) => {
  const a = context.tensor([1, 2, 3, 4], [2, 2]);
  const plan = await context.record(() => add(matmul(a, a), a));
  if (!context.features.timestampQuery) {
    await expect(plan.profile()).rejects.toThrow(/timestamp-query/);
    t.skip('the adapter has no feature "timestamp-query"');
  }
  plan.run();
  const plain = await plan.outputs.read();
  a.write([1, 2, 3, 5]);
  a.write([1, 2, 3, 4]);
  const launches = await plan.profile();
  expect(await plan.outputs.read()).toEqual(plain);
  expect(launches.map(({ name }) => name)).toEqual(['conv.wgsl:conv matrix product', 'elementwise.wgsl:linear']);
  expect(launches[0]).toMatchObject({ flops: 2 * 2 * 2 * 2, bytes: 3 * 16, shape: '1x1x2x2 -> 2, 1x1/1' });
  for (const { begin, end } of launches) expect(end).toBeGreaterThanOrEqual(begin);
});

test('without timestamp queries it says so', async () => {
  const { gpu, info } = context.device;
  const blind = { gpu, info, features: { ...context.features, timestampQuery: false } };
  await expect(timedRun(blind as never, [])).rejects.toThrow(/no timestamp queries.*\n.*\n.*Remedy/);
});

test('the peaks are numbers that an adapter can have', async () => {
  const { gigaflops, gigabytesPerSecond } = await measurePeaks(context);
  expect(gigaflops).toBeGreaterThan(0.01);
  expect(gigabytesPerSecond).toBeGreaterThan(0.01);
});
