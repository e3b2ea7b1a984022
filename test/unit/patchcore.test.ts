/** PatchCore against its publication's definitions, in plain loops: the coreset (algorithm 1), the score (eq. 6, 7), the map. */
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../runtime/random.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { coresetOf } from '../../src/scores/coreset.ts';
import type { FeatureTable, Matrix } from '../../src/scores/features.ts';
import { patchcore } from '../../src/scores/patchcore.ts';
import { gridOf } from '../../src/scores/patches.ts';
import { Fitting } from '../../src/scores/state.ts';

type Row = readonly number[];
/** The patches of an image, row by row of its grid. */
type Image = readonly Row[];

const random = new RandomStream(5, 15);
const row = (width: number): number[] => Array.from({ length: width }, () => Math.fround(random.next() * 4));
const imagesOf = (count: number, area: number, width: number): Image[] =>
  Array.from({ length: count }, () => Array.from({ length: area }, () => row(width)));

const matrix = (rows: readonly Row[]): Matrix => ({ data: Float32Array.from(rows.flat()), width: rows[0].length });
const rowsOf = ({ data, width }: Matrix): number[][] =>
  Array.from({ length: data.length / width }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));

/** Images of 2 x n patches. */
function tableOf(images: readonly Image[]): FeatureTable {
  const none = { data: new Float32Array(0), width: 1 };
  const count = images.length;
  const map = { height: 2, width: images[0].length / 2, patches: matrix(images.flat()) };
  return { count, views: 1, shifts: 1, rowsPerShift: count, backbone: none, projection: none, logits: {}, map };
}

/** In batches of two images, as a run would in larger ones. */
function fitted(images: readonly Image[]) {
  const fitting = new Fitting([patchcore], images.length);
  for (let first = 0; first < images.length; first += 2) {
    expect(fitting.add(tableOf(images.slice(first, first + 2)), first)).toBe(-1);
  }
  return fitting.states(new Int32Array(images.length)).patchcore;
}

const distance = (a: Row, b: Row) => Math.hypot(...a.map((value, k) => value - b[k]));

/** Algorithm 1, with the start and the ties of docs/methods.md 2.1. */
function greedy(rows: readonly Row[], most: number): number[] {
  const mean = rows[0].map((_, k) => rows.reduce((sum, each) => sum + each[k], 0) / rows.length);
  const chosen: number[] = [];
  while (chosen.length < Math.min(most, rows.length)) {
    let best = { at: -1, far: -1 };
    rows.forEach((each, at) => {
      const far = chosen.length === 0 ? distance(each, mean) : Math.min(...chosen.map((i) => distance(each, rows[i])));
      if (far > best.far) best = { at, far };
    });
    if (chosen.length > 0 && best.far === 0) break;
    chosen.push(best.at);
  }
  return chosen;
}

/** Eq. 6 and 7. */
function definition(image: Image, memory: readonly Row[]): number {
  const nearest = image.map((patch) => {
    const distances = memory.map((each) => distance(patch, each));
    const least = Math.min(...distances);
    return { patch, least, at: distances.indexOf(least) };
  });
  const largest = Math.max(...nearest.map(({ least }) => least));
  const { patch, at } = nearest.find(({ least }) => least === largest)!;
  const around = memory
    .map((each, i) => ({ i, d: distance(each, memory[at]) }))
    .sort((a, b) => a.d - b.d || a.i - b.i)
    .slice(0, 9);
  const sum = around.reduce((total, { i }) => total + Math.exp(distance(patch, memory[i])), 0);
  return -(1 - Math.exp(largest) / sum) * largest;
}

async function scoresOf(images: readonly Image[], state: ReturnType<typeof fitted>): Promise<number[]> {
  return Array.from(await patchcore.open(state)(tableOf(images)));
}

function expectNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${value}, ${expected[i]}`).toBeLessThan(1e-9 * Math.max(1, expected[i]));
  });
}

describe('the coreset', () => {
  test('is that of plain loops, also of more than one block of values', () => {
    for (const width of [1, 3, 16, 17, 40]) {
      const rows = imagesOf(1, 60, width)[0];
      expect(coresetOf(matrix(rows), 20), `${width} values`).toEqual(greedy(rows, 20));
    }
  });

  test('starts far from the mean; equal distances go to the first row, equal rows are taken once', () => {
    expect(coresetOf(matrix([[0], [4], [2], [0], [4], [2]]), 5)).toEqual([0, 1, 2]);
    expect(coresetOf(matrix([[7], [7]]), 5)).toEqual([0]);
    expect(
      coresetOf(
        matrix([
          [0, 1],
          [3, 1],
          [9, 1],
        ]),
        2,
      ),
    ).toEqual([2, 0]);
  });
});

describe('the score', () => {
  test('compares with all patches while they are few, and with a tenth of many', async () => {
    const few = imagesOf(5, 6, 3);
    expect(rowsOf(fitted(few).patches).sort()).toEqual(
      few
        .flat()
        .map((each) => [...each])
        .sort(),
    );
    const many = imagesOf(75, 40, 3); // 3000 patches
    const { patches } = fitted(many);
    const all = many.flat();
    expect(rowsOf(patches)).toEqual(coresetOf(matrix(all), 300).map((at) => all[at]));
  });

  test('agrees with its definition', async () => {
    for (const training of [imagesOf(4, 6, 3), imagesOf(1, 4, 20), imagesOf(20, 20, 5)]) {
      const state = fitted(training);
      const [{ length: area }] = training;
      const images = [...imagesOf(3, area, training[0][0].length), training[0].toReversed()];
      expectNear(
        await scoresOf(images, state),
        images.map((image) => definition(image, rowsOf(state.patches))),
      );
    }
  });

  test('of equally unusual patches the first decides, and of equally near ones of the memory the first', async () => {
    const state = fitted([[[0], [1], [1.5], [3]]]);
    const images: Image[] = [
      [-1, 4, 0, 0],
      [4, -1, 0, 0],
      [2.25, 0, 0, 0],
    ].map((values) => values.map((at) => [at]));
    const scores = await scoresOf(images, state); // the first two are 1 from the memory, the third from 1.5 and from 3
    expectNear(
      scores,
      images.map((image) => definition(image, rowsOf(state.patches))),
    );
    expect(Math.abs(scores[0] - scores[1])).toBeGreaterThan(0.001);
  });

  test('a memory of one patch gives its distance; a training image scores 0', async () => {
    const equal: Image[] = [
      [
        [1, 2],
        [1, 2],
      ],
      [
        [1, 2],
        [1, 2],
      ],
    ];
    const state = fitted(equal);
    expect(rowsOf(state.patches)).toEqual([[1, 2]]);
    expect(
      await scoresOf(
        [
          [
            [1, 2],
            [4, 6],
          ],
          equal[0],
        ],
        state,
      ),
    ).toEqual([-5, 0]);
  });

  test('candidates are limited: fewer places of each image, then fewer images', () => {
    const of = (count: number, area: number): Image[] =>
      Array.from({ length: count }, (_, i) => Array.from({ length: area }, (__, at) => [i, at]));
    const rows = patchcore.rowsOf(tableOf(of(3, 6)), 4, 10_000); // 60,000 patches: every third
    expect(rowsOf(rows)).toEqual([
      [0, 1],
      [0, 4],
      [1, 2],
      [1, 5],
      [2, 0],
      [2, 3],
    ]);
    const spread = matrix(Array.from({ length: 30_000 }, (_, i) => [i]));
    const { patches } = patchcore.fit(spread, new Int32Array(30_000));
    expect(patches.data.length).toBe(1500); // a tenth of every second one
    expect(patches.data.every((value) => value % 2 === 0)).toBe(true);
  });
});

test('the scale of maps covers 99 % of the distances between patches of different images', () => {
  const training = imagesOf(6, 8, 3);
  const { scale } = fitted(training);
  const distances = training
    .flatMap((image) =>
      image.map((patch) =>
        Math.min(
          ...training.filter((other) => other !== image).flatMap((other) => other.map((p) => distance(p, patch))),
        ),
      ),
    )
    .sort((a, b) => a - b);
  const place = 0.99 * (distances.length - 1);
  const below = Math.floor(place);
  expectNear([...scale.data], [distances[below] + (place - below) * (distances[below + 1] - distances[below])]);
});

describe('the patches', () => {
  const activations = (rows: readonly Row[], height: number) => ({
    data: Float32Array.from(rows.flat()),
    height,
    width: rows.length / height,
    channels: rows[0].length,
  });

  test('have the finer activations, then the coarser ones between their centers', () => {
    const fine = activations([[1], [2], [3], [4], [5], [6], [7], [8]], 2);
    const coarse = activations(
      [
        [0, 40],
        [4, 40],
      ],
      1,
    );
    const { height, width, patches } = gridOf([fine, coarse], 1);
    expect([height, width]).toEqual([2, 4]);
    const line = [
      [0, 40],
      [1, 40],
      [3, 40],
      [4, 40],
    ]; // as PyTorch's interpolate, align_corners=False
    expect(rowsOf(patches)).toEqual([...line, ...line].map((values, i) => [i + 1, ...values]));
  });

  test('padding images are left out', () => {
    expect(gridOf([activations([[1], [2], [3], [4]], 4)], 1).patches.data).toHaveLength(4);
    const two = activations([[1], [2], [3], [4]], 1);
    const halves = { ...two, width: 2 };
    expect(Array.from(gridOf([halves], 2).patches.data)).toEqual([1, 2, 3, 4]);
    expect(Array.from(gridOf([halves], 1).patches.data)).toEqual([1, 2]);
  });
});

test('an architecture without maps is refused, with those that have them', () => {
  const weights = { arch: 'cnn32', width: 32, fits: () => true } as const;
  const choices = { method: 'patchcore', dataset: 'demo', init: 'own.safetensors' } as const;
  expect(() => resolveConfig(choices, { isSoftware: true }, weights)).toThrow(
    /--method patchcore --arch cnn32: [\s\S]*--init builtin, or weights of one of resnet18, .*mobilenetv2/,
  );
  expect(() => resolveConfig(choices, { isSoftware: true })).not.toThrow(); // the file is not read yet
});
