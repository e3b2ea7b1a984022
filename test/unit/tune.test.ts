/** The tuner without a GPU: times, results and the clock are fake, so every decision is predictable. */
import { describe, expect, test } from 'vitest';
import type { Context } from '../../runtime/index.ts';
import {
  type AskedKernel,
  type ConvChoice,
  type ConvGeometry,
  KernelChoices,
  keyOf,
  nameOf,
  type OperandTypes,
  parseKernelTable,
} from '../../runtime/kernel/choices.ts';
import { pickTrial, ROUNDS, type Trial } from '../../runtime/tune/pick.ts';
import { tuneKernels } from '../../runtime/tune/tune.ts';

const FEATURES = { subgroups: true, subgroupMinSize: 8, subgroupMaxSize: 8, f16: false, timestampQuery: true };

const SQUARE: ConvGeometry = {
  ...{ images: 4, inChannels: 64, height: 16, width: 16, outChannels: 64, outHeight: 16, outWidth: 16 },
  ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1], isTransposed: false },
};

const F32: OperandTypes = { x: 'f32', w: 'f32', y: 'f32' };
const HALF: OperandTypes = { ...F32, x: 'f16', y: 'f16' };

/** A trial that takes the given times in turn, repeating them. */
function trial(times: readonly number[], bits: readonly number[] = [1, 2, 3]): Trial & { turns: number } {
  return {
    turns: 0,
    result: async () => Uint32Array.from(bits),
    async time() {
      return times[this.turns++ % times.length];
    },
  };
}

describe('pickTrial', () => {
  test('picks the faster of two, and the first when in doubt', async () => {
    expect(await pickTrial([trial([10]), trial([8])])).toBe(1);
    expect(await pickTrial([trial([8]), trial([10])])).toBe(0);
    expect(await pickTrial([trial([10]), trial([9.8])])).toBe(0); // within the margin
    expect(await pickTrial([trial([10]), trial([9]), trial([7]), trial([8])])).toBe(2);
    expect(await pickTrial([trial([10])])).toBe(0);
  });

  test('single outliers and a pace that changes for all decide nothing', async () => {
    expect(await pickTrial([trial([10]), trial([11, 11, 1, 11, 11])])).toBe(0);
    const pace = [1, 5, 2, 9, 3];
    const slowed = (time: number) => trial(pace.map((factor) => factor * time));
    expect(await pickTrial([slowed(10), slowed(8)])).toBe(1);
  });

  test('a lucky start is not enough: the best must win twice', async () => {
    const times = [...new Array(ROUNDS).fill(5), ...new Array(ROUNDS).fill(10)];
    expect(await pickTrial([trial([10]), trial(times)])).toBe(0);
  });

  test('a trial whose result differs in one bit or in length is never picked or timed', async () => {
    for (const bits of [[1, 2, 4], [1, 2], []]) {
      const wrong = trial([1], bits);
      expect(await pickTrial([trial([10]), wrong, trial([8])])).toBe(2);
      expect(wrong.turns).toBe(0);
    }
  });

  test('a much slower trial runs only once', async () => {
    const slow = trial([16]);
    expect(await pickTrial([trial([10]), slow, trial([8])])).toBe(2);
    expect(slow.turns).toBe(1);
  });

  test('the first is kept when the clock cannot distinguish the times', async () => {
    expect(await pickTrial([trial([0]), trial([0])])).toBe(0);
  });
});

describe('tuneKernels', () => {
  const asked = (key: string, flops: number): AskedKernel => ({
    ...{ key, kind: 'sum', geometry: SQUARE, types: F32, flops },
  });
  const context = { choices: new KernelChoices(FEATURES), info: { isSoftware: true } } as unknown as Context;

  /** Trials of the given times by name; those that are missing do not compile. Compiling takes a second of `clock`. */
  function fakeBench(timeOf: (key: string, choice: string) => number | null) {
    const clock = { now: 0 };
    const prepared: string[] = [];
    const bench = {
      async prepare({ key }: AskedKernel, choices: readonly ConvChoice[]) {
        prepared.push(key);
        clock.now += 1000;
        return choices.map(nameOf).map((name) => {
          const time = timeOf(key, name);
          return time === null ? null : { ...trial([time]), dispose: () => {} };
        });
      },
      dispose() {},
    };
    return { bench, prepared, clock: () => clock.now };
  }

  test('picks the best variant, then its best patch, most work first; negligible kernels keep the fixed variant', async () => {
    const times: Record<string, number> = { subgroup: 10, workgroup: 5, 'workgroup 2x4': 4, 'subgroup 4x8': 1 };
    const { bench, prepared, clock } = fakeBench((key, name) => (key === 'large' ? (times[name] ?? null) : 10));
    const progress: unknown[] = [];
    const outcome = await tuneKernels(context, [asked('small', 10), asked('large', 99), asked('none', 0.1)], {
      ...{ bench, clock },
      onProgress: (...told) => progress.push(told),
    });
    const table = { large: 'workgroup 2x4', small: 'subgroup', none: 'subgroup' };
    expect(outcome).toEqual({ table, measured: 2, left: 0 });
    expect(prepared).toEqual(['large', 'large', 'small', 'small']);
    expect(progress).toEqual([
      [0, 2, 'large'],
      [1, 2, 'small'],
      [2, 2, ''],
    ]);
  });

  test('stays within the budget: a kernel that would exceed it is not started and is not in the table', async () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name, i) => asked(name, 100 - i));
    const { bench, clock } = fakeBench(() => 10);
    const { table, measured, left } = await tuneKernels(context, many, { bench, clock, budget: 7000 });
    expect([Object.keys(table), measured, left]).toEqual([['a', 'b', 'c'], 3, 2]);
    expect(clock()).toBeLessThanOrEqual(7000);
  });

  test('when the budget ends or a signal aborts, a partly measured kernel keeps its best so far', async () => {
    const { bench, prepared, clock } = fakeBench((_, name) => (name === 'register' ? 1 : 10));
    expect((await tuneKernels(context, [asked('a', 1)], { bench, clock, budget: 500 })).table).toEqual({
      a: 'subgroup',
    });
    expect(prepared).toEqual(['a']);
    const signal = AbortSignal.abort();
    expect(await tuneKernels(context, [asked('a', 1)], { bench, clock, signal })).toEqual({
      table: {},
      measured: 0,
      left: 1,
    });
  });
});

describe('KernelChoices', () => {
  test('the table decides; kernels that it lacks or the adapter cannot run get the fixed variant', () => {
    const key = 'conv 3x3/1 64->64 16x16';
    const choices = new KernelChoices(FEATURES);
    expect(keyOf('sum', SQUARE)).toBe(key);
    expect(choices.of('sum', SQUARE)).toEqual({ variant: 'subgroup', patch: null });
    choices.table = { [key]: 'register 4x8' };
    expect(choices.of('sum', SQUARE)).toEqual({ variant: 'register', patch: [4, 8] });
    expect(choices.of('weight', SQUARE)).toEqual({ variant: 'subgroup', patch: null });
    const without = new KernelChoices({ ...FEATURES, subgroups: false, subgroupMinSize: 0 });
    expect(without.variants).toEqual(['workgroup', 'register']);
    for (const name of ['subgroup', 'of a later version']) {
      without.table = { [key]: name };
      expect(without.of('sum', SQUARE)).toEqual({ variant: 'workgroup', patch: null });
    }
  });

  test('keys describe the computation, not the adapter or the number of images', () => {
    const strided = { ...SQUARE, stride: [2, 2], outHeight: 8, outWidth: 8 } as const;
    const transposed = { ...SQUARE, stride: [2, 1], isTransposed: true } as const;
    const matrix = { ...SQUARE, images: 1, height: 1, outHeight: 1, kernel: [1, 1] } as const;
    expect(keyOf('weight', strided)).toBe('conv weight 3x3/2 64->64 8x8');
    expect(keyOf('sum', transposed)).toBe('conv input 3x3/2x1 64->64 16x16');
    expect(keyOf('sum', matrix)).toBe('matmul 16x64->64');
    expect(keyOf('weight', matrix)).toBe('matmul weight 16x64->64');
    expect(keyOf('sum', { ...SQUARE, images: 9 })).toBe(keyOf('sum', SQUARE));
  });

  test('keys say which operands are not f32, and an f32 table does not apply to them', () => {
    expect(keyOf('sum', SQUARE, F32)).toBe('conv 3x3/1 64->64 16x16');
    expect(keyOf('sum', SQUARE, HALF)).toBe('conv 3x3/1 64->64 16x16, x f16, y f16');
    expect(keyOf('weight', SQUARE, { ...F32, x: 'f16' })).toBe('conv weight 3x3/1 64->64 16x16, x f16');
    const choices = new KernelChoices(FEATURES);
    choices.table = { [keyOf('sum', SQUARE)]: 'register', [keyOf('weight', SQUARE, HALF)]: 'register' };
    const variants = (['sum', 'weight'] as const).flatMap((kind) =>
      [F32, HALF].map((types) => choices.of(kind, SQUARE, types).variant),
    );
    expect(variants).toEqual(['register', 'subgroup', 'subgroup', 'register']);
    expect(choices.asked.map(({ types }) => types)).toEqual([F32, HALF, F32, HALF]);
  });

  test('requested kernels are recorded once per key, with the work of all calls and without operands', () => {
    const choices = new KernelChoices(FEATURES);
    choices.of('sum', { ...SQUARE, images: 1, x: 'a tensor' } as ConvGeometry);
    choices.of('sum', SQUARE);
    choices.trying({ variant: 'register', patch: null }, () => {
      expect(choices.of('weight', SQUARE).variant).toBe('register');
    });
    expect(choices.asked).toEqual([
      { key: keyOf('sum', SQUARE), kind: 'sum', geometry: SQUARE, types: F32, flops: 5 * 2 * 16 ** 2 * 64 * 64 * 9 },
    ]);
  });

  test('a file is a valid table or no table', () => {
    expect(parseKernelTable({ a: 'subgroup 4x8', b: 'register' })).toEqual({ a: 'subgroup 4x8', b: 'register' });
    for (const wrong of [null, undefined, 'subgroup', ['subgroup'], { a: 1 }, { a: 'fast' }, { a: 'register 4by8' }]) {
      expect(parseKernelTable(wrong)).toBeNull();
    }
  });
});
