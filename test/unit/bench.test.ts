/** The arithmetic of the benchmarks: what they count and how they summarize it. Nothing is timed here. */
import { describe, expect, test } from 'vitest';
import { changesBetween, type Measurement } from '../../bench/measurements.ts';
import { parseOptions } from '../../bench/options.ts';
import { encoderParameters, uniform } from '../../bench/peers/values.mjs';
import { changeLines, measurementLine, short } from '../../bench/printer.ts';
import { Selection } from '../../bench/selection.ts';
import { quartilesOf, sampleInTurns, sampleLaunches } from '../../bench/statistics.ts';
import {
  convolutionFlops,
  distinctConvolutions,
  encoderWork,
  flopsOf,
  REFERENCE_STEP,
  resnetConvolutions,
} from '../../bench/workloads.ts';

describe('work', () => {
  test('ResNet-18 with the CIFAR stem has 0.5554 G multiply-adds and 11,168,832 parameters at width 64', () => {
    const flops = resnetConvolutions(64, 32, 1).reduce((sum, shape) => sum + convolutionFlops(shape), 0);
    expect(flops / 2).toBe(555_417_600);
    // the head of the paper: linear(512, 512), batch norm, linear(512, 128)
    const head = 512 * 513 + 2 * 512 + 128 * 513;
    expect(encoderWork(64, 32, 1).parameters - head).toBe(11_168_832);
  });

  test('ResNet-18 with the ImageNet stem has 1.8136 G multiply-adds and 11,176,512 parameters', () => {
    const flops = resnetConvolutions(64, 224, 1).reduce((sum, shape) => sum + convolutionFlops(shape), 0);
    expect(flops / 2).toBe(1_813_561_344);
    const head = 512 * 513 + 2 * 512 + 128 * 513;
    expect(encoderWork(64, 224, 1).parameters - head).toBe(11_176_512);
  });

  test.each([
    [16, 32, 3],
    [64, 224, 7],
  ])('the shared initial values cover every parameter, width %i, %i px', (width, size, stemSide) => {
    const count = encoderParameters(width, stemSide).reduce((sum, { values }) => sum + values.length, 0);
    expect(count).toBe(encoderWork(width, size, 1).parameters);
  });

  test('both stems have twenty convolutions, eleven of them distinct', () => {
    for (const size of [32, 224]) {
      const shapes = resnetConvolutions(16, size, 4);
      expect(shapes).toHaveLength(20);
      expect(distinctConvolutions(shapes)).toHaveLength(11);
    }
  });

  test('flops and activations grow with the images, parameters do not', () => {
    const [one, four] = [encoderWork(16, 32, 1), encoderWork(16, 32, 4)];
    expect(four.stepFlops).toBe(4 * one.stepFlops);
    expect(four.keptActivations).toBe(4 * one.keptActivations);
    expect(four.parameters).toBe(one.parameters);
    expect(flopsOf(REFERENCE_STEP)).toBe(encoderWork(16, 32, 16).stepFlops);
  });
});

test('uniform values lie in [-bound, bound), differ by seed, and do not change', () => {
  const values = uniform(10_000, 0.5, 3);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
  expect(Math.max(...values)).toBeLessThan(0.5);
  expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length)).toBeLessThan(0.01);
  expect(uniform(10_000, 0.5, 3)).toEqual(values);
  expect(uniform(10_000, 0.5, 4)).not.toEqual(values);
});

describe('statistics', () => {
  test('quartiles interpolate', () => {
    expect(quartilesOf([4, 1, 3, 2])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25, samples: 4 });
    expect(quartilesOf([7])).toEqual({ median: 7, lower: 7, upper: 7, samples: 1 });
    expect(() => quartilesOf([])).toThrow(RangeError);
  });

  test('contestants run in turn', async () => {
    const order: number[] = [];
    const iterate = async (i: number) => {
      order.push(i);
      return 10 * (i + 1);
    };
    const [first, second] = await sampleInTurns(2, iterate, { iterations: 3, milliseconds: 0 });
    expect(order).toEqual([0, 1, 0, 1, 0, 1]);
    expect([first.median, second.median]).toEqual([10, 20]);
    expect(first.samples).toBe(3);
  });

  test('waits for every launch', async () => {
    let open = 0;
    let most = 0;
    const launch = () => {
      most = Math.max(most, ++open);
    };
    const idle = async () => {
      open = 0;
    };
    const { samples } = await sampleLaunches(launch, idle, { iterations: 4, milliseconds: 0 });
    expect(samples).toBe(4);
    expect(open).toBe(0);
    expect(most).toBeLessThanOrEqual(256);
  });
});

describe('options', () => {
  test('without arguments, all suites run in their short form against all peers', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({ isFull: false, peers: ['jax', 'tfjs'] });
    expect(options).toMatchObject({ suites: ['step', 'kernels', 'memory', 'startup'] });
  });

  test('a named suite runs in full', () => {
    expect(parseOptions(['step', '--peers', 'none'])).toMatchObject({ suites: ['step'], isFull: true, peers: [] });
    expect(parseOptions([])).toMatchObject({ arePeersResting: false });
    expect(parseOptions(['--resting-peers'])).toMatchObject({ arePeersResting: true });
    expect(parseOptions(['--peers=tfjs,jax', '--adapter', 'swiftshader'])).toMatchObject({
      peers: ['jax', 'tfjs'],
      adapter: 'swiftshader',
    });
  });

  test('an unknown argument is named in the error', () => {
    expect(() => parseOptions(['steps'])).toThrow('"steps"');
    expect(() => parseOptions(['--peers', 'torch'])).toThrow('"torch"');
    expect(() => parseOptions(['--pears', 'none'])).toThrow('--pears');
  });

  test('--only may be repeated', () => {
    expect(parseOptions(['kernels'])).toMatchObject({ only: [] });
    const args = ['kernels', '--only', 'matmul 1024', '--only=conv 3x3/1, forward'];
    expect(parseOptions(args)).toMatchObject({ suites: ['kernels'], only: ['matmul 1024', 'conv 3x3/1, forward'] });
  });
});

describe('selection', () => {
  test('without a filter, every workload is selected', () => {
    const selection = new Selection([]);
    expect(selection.wants('matmul 512 x 512 x 512')).toBe(true);
    selection.check();
  });

  test('with filters, workloads whose name contains one of them are selected, ignoring case', () => {
    const selection = new Selection(['MATMUL 1024', 'nt-xent']);
    const names = ['matmul 512 x 512 x 512', 'matmul 1024 x 1024 x 1024', 'NT-Xent 64 views, forward'];
    expect(names.map((name) => selection.wants(name))).toEqual([false, true, true]);
    selection.check();
  });

  test('a filter that matches no name is an error that gives examples of names', () => {
    const selection = new Selection(['matmul', 'matmull']);
    expect(selection.wants('matmul 512 x 512 x 512')).toBe(true);
    expect(() => selection.check()).toThrow(/^--only "matmull": none of the 1 .*:\n {2}matmul 512 x 512 x 512$/s);
  });
});

describe('measurements', () => {
  const measurement = (contestant: string, median: number | null): Measurement => ({
    suite: 'step',
    workload: 'step',
    contestant,
    milliseconds: median === null ? null : { median, lower: median, upper: median, samples: 1 },
    flops: 2e9,
    failure: median === null ? 'it broke' : undefined,
  });

  test('a line holds the median, the rate and the ratio to ours', () => {
    const line = measurementLine(measurement('jax-js', 400), 100, true);
    expect(line.trim().split(/ +/)).toEqual(['jax-js', '400', '400', '-', '400', '1', '5.00', '4.00']);
    expect(measurementLine(measurement('jax-js', null), 100, false)).toContain('failed: it broke');
  });

  test('numbers are shortened', () => {
    expect([1234.5, 99.44, 9.444, 0.1234].map(short)).toEqual(['1235', '99.4', '9.44', '0.123']);
  });

  test('runs are compared where both have a time or a memory size', () => {
    const surroundings = {
      adapter: { kind: 'lavapipe', vendor: '', architecture: '', device: '', description: '' },
      versions: {},
      cpus: 2,
      loadBefore: 0,
      loadAfter: 0,
      arePeersResting: false,
    };
    const before = { surroundings, measurements: [measurement('oecl', 100), measurement('jax-js', null)] };
    const now = {
      surroundings,
      measurements: [measurement('oecl', 50), measurement('jax-js', 400), measurement('other', 1)],
    };
    expect(changesBetween(before, now)).toEqual([
      { suite: 'step', workload: 'step', contestant: 'oecl', before: 100, now: 50 },
    ]);
    const peer = { suite: 'step', workload: 'step', contestant: 'jax-js', before: 100, now: 150 } as const;
    const lines = changeLines(before, [...changesBetween(before, now), peer], surroundings);
    expect(lines[1]).toContain('-50 %');
    expect(lines[2]).toContain('+50 %');
    expect(lines.at(-1)).toContain('1.50 times as long');
    const memory = (bytes: number): Measurement => ({
      ...{ suite: 'memory', workload: 'memory: step', contestant: 'oecl' },
      ...{ milliseconds: null, more: { liveBytes: bytes } },
    });
    const report = (bytes: number) => ({ surroundings, measurements: [memory(bytes)] });
    expect(changesBetween(report(2 ** 21), report(2 ** 20))).toMatchObject([{ before: 2, now: 1 }]);
  });
});
