/**
 * The scores against their definitions, computed another way: neighbors by sorting, the shrinkage from its definition as a
 * sum over images, the Mahalanobis distance with an explicit inverse. Also edge cases: few, equal and empty features.
 */
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../runtime/index.ts';
import { RandomStream } from '../../runtime/random.ts';
import { METHODS } from '../../src/methods/table.ts';
import type { FeatureTable } from '../../src/scores/features.ts';
import type { Score } from '../../src/scores/score.ts';
import {
  checkStates,
  decodeStates,
  encodeStates,
  Fitting,
  openScores,
  remarksOn,
  type ScoreStates,
  scoresWith,
} from '../../src/scores/state.ts';
import { SCORES, scoreNamed, scoresOf } from '../../src/scores/table.ts';

/** Rows of one view each; the backbone, the projection and the only patch have the same values. */
function tableOf(rows: readonly (readonly number[])[]): FeatureTable {
  const matrix = { data: Float32Array.from(rows.flat()), width: rows[0].length };
  return {
    count: rows.length,
    views: 1,
    shifts: 1,
    rowsPerShift: rows.length,
    logits: {},
    backbone: matrix,
    projection: matrix,
    map: { height: 1, width: 1, patches: matrix },
  };
}

const random = new RandomStream(3, 15);
/** Features like those after a ReLU: none negative, some channels never active. */
const rowsOf = (count: number, width: number) =>
  Array.from({ length: count }, () =>
    Array.from({ length: width }, (_, k) => (k === 1 ? 0 : Math.fround(Math.max(0, random.next() - 0.3) * (k + 1)))),
  );

function fitScores(scores: readonly Score[], training: FeatureTable): ScoreStates {
  const fitting = new Fitting(scores, training.count);
  expect(fitting.add(training, 0)).toBe(-1);
  return fitting.states(new Int32Array(training.count));
}

async function scored(name: string, training: readonly (readonly number[])[], images: readonly (readonly number[])[]) {
  const score = scoreNamed(name)!;
  const [{ of }] = openScores([score], fitScores([score], tableOf(training)));
  return Array.from(await of(tableOf(images)));
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, k) => sum + value * b[k], 0);
const cosine = (a: readonly number[], b: readonly number[]) => dot(a, b) / Math.hypot(...a) / Math.hypot(...b);
const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, k) => value - b[k]));
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const largest = (values: readonly number[], k: number) => values.toSorted((a, b) => b - a).slice(0, k);

function expectNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected[i])));
  });
}

/** Gauss-Jordan with pivots. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, k) => (k === i ? 1 : 0))]);
  for (let column = 0; column < n; column++) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column]) > Math.abs(best[column]) ? row : best));
    const at = rows.indexOf(pivot);
    [rows[column], rows[at]] = [rows[at], rows[column]];
    rows[column] = rows[column].map((value) => value / pivot[column]);
    rows.forEach((row, i) => {
      if (i !== column) rows[i] = row.map((value, k) => value - row[column] * rows[column][k]);
    });
  }
  return rows.map((row) => row.slice(n));
}

/** Ledoit and Wolf (2004), equations 4 to 13 with their norm |A|^2 = tr(A A') / p. */
function ledoitWolf(rows: readonly (readonly number[])[]) {
  const [n, p] = [rows.length, rows[0].length];
  const mean = rows[0].map((_, j) => meanOf(rows.map((row) => row[j])));
  const x = rows.map((row) => row.map((value, j) => value - mean[j]));
  const outer = (row: readonly number[]) => row.map((a) => row.map((b) => a * b));
  const combine = (a: number[][], b: number[][], f: (a: number, b: number) => number) =>
    a.map((row, i) => row.map((value, j) => f(value, b[i][j])));
  const square = (a: number[][]) => a.flat().reduce((sum, value) => sum + value * value, 0) / p;
  const zero = outer(mean.map(() => 0));
  const sample = x.reduce((sum, row) => combine(sum, outer(row), (a, b) => a + b / n), zero);
  const m = sample.reduce((sum, row, i) => sum + row[i], 0) / p;
  const target = sample.map((row, i) => row.map((_, j) => (i === j ? m : 0)));
  const d2 = square(combine(sample, target, (a, b) => a - b));
  const b2 = x.reduce((sum, row) => sum + square(combine(outer(row), sample, (a, b) => a - b)), 0) / n / n;
  const shrinkage = Math.min(b2, d2) / d2;
  return { mean, shrinkage, covariance: combine(sample, target, (s, t) => (1 - shrinkage) * s + shrinkage * t) };
}

const training = rowsOf(40, 7);
const images = rowsOf(9, 7);

describe('the definitions', () => {
  test('knn is the mean of the two largest cosines; Euclidean is minus the mean of the two smallest distances', async () => {
    expectNear(
      await scored('knn', training, images),
      images.map((a) =>
        meanOf(
          largest(
            training.map((b) => cosine(a, b)),
            2,
          ),
        ),
      ),
    );
    expectNear(
      await scored('knnEuclidean', training, images),
      images.map((a) =>
        meanOf(
          largest(
            training.map((b) => -distance(a, b)),
            2,
          ),
        ),
      ),
    );
  });

  test.each([
    [40, 7],
    [5, 12], // fewer images than features
    [33, 16], // more images than are added at once, features in whole blocks
    [200, 3],
  ])('mahalanobis of %i training images with %i features', async (count, width) => {
    const rows = rowsOf(count, width);
    const { mean, covariance, shrinkage } = ledoitWolf(rows);
    const state = fitScores([scoreNamed('mahalanobis')!], tableOf(rows)).mahalanobis;
    expectNear([...state.shrinkage.data], [shrinkage]);
    expectNear([...state.mean.data], mean);
    expectNear([...state.covariance.data], covariance.flat());
    const precision = inverse(covariance);
    const probes = rowsOf(4, width);
    const expected = probes.map((row) => {
      const x = row.map((value, j) => value - mean[j]);
      return -Math.sqrt(
        dot(
          x,
          precision.map((line) => dot(line, x)),
        ),
      );
    });
    expectNear(await scored('mahalanobis', rows, probes), expected);
  });

  test('cosineNorm is the largest cosine times the norm of the mean over the views', async () => {
    const score = scoreNamed('cosineNorm')!;
    const states = fitScores([score], tableOf(training.map((row) => row.map((value) => Math.fround(value - 1)))));
    const views = [rowsOf(3, 7), rowsOf(3, 7)];
    const projection = { data: Float32Array.from(views.flat(2)), width: 7 };
    const table = { count: 2, views: 2, shifts: 1, rowsPerShift: 3, logits: {}, backbone: projection, projection }; // the third row is padding
    const expected = [0, 1].map((image) => {
      const f = views[0][image].map((value, k) => (value + views[1][image][k]) / 2);
      return (
        Math.max(
          ...training.map((row) =>
            cosine(
              f,
              row.map((value) => Math.fround(value - 1)),
            ),
          ),
        ) * Math.hypot(...f)
      );
    });
    expectNear([...(await openScores([score], states)[0].of(table))], expected);
  });

  test('every fitted score is higher for a training image than for a distant one', async () => {
    const far = training[0].map((value, k) => (k % 2 === 0 ? 0 : 30 * (value + 1)));
    for (const { name, fit, needs } of SCORES) {
      // the table has neither logits nor classes; cosineNorm also grows with the norm
      if (!fit || needs.includes('logits') || ['cosineNorm', 'classProbability'].includes(name)) continue;
      const [near, away] = await scored(name, training, [training[3], far]);
      expect(near, name).toBeGreaterThan(away);
    }
  });
});

test('every method has exactly the scores that it names, its main score and the common ones', () => {
  const general = SCORES.filter(({ isGeneral }) => isGeneral).map(({ name }) => name);
  expect(general).toEqual(['knn', 'knnEuclidean', 'mahalanobis']);
  for (const { name, scores, mainScore } of METHODS) {
    const all = scoresOf(name).map((score) => score.name);
    expect(all.toSorted(), name).toEqual([...new Set([...scores, mainScore, ...general])].sort());
  }
});

describe('edge cases', () => {
  const fitted = SCORES.filter(({ fit, needs }) => fit && !needs.includes('logits')).map(({ name }) => name);

  test.each(fitted)(
    '%s is finite for one, two and equal training images, and for constant and empty features',
    async (name) => {
      const probes = [...images, images[0].map(() => 0)];
      const sets = { one: [training[0]], two: training.slice(0, 2), equal: [training[0], training[0], training[0]] };
      const constant = { constant: training.map(() => [2, 2, 2, 2, 2, 2, 2]), empty: [images[0].map(() => 0)] };
      for (const [kind, rows] of Object.entries({ ...sets, ...constant })) {
        const values = await scored(name, rows, probes);
        expect(values.every(Number.isFinite), `${kind}: ${values}`).toBe(true);
        const order = probes.map((row) => [row]).map(([row]) => row);
        expect(await scored(name, rows.toReversed(), order), `${kind}, reversed`).toHaveLength(probes.length);
      }
    },
  );

  test('one training image gives one neighbor, and a Euclidean distance in place of the Gaussian', async () => {
    const [only] = training;
    expectNear(
      await scored('knn', [only], images),
      images.map((row) => cosine(row, only)),
    );
    expectNear(
      await scored('mahalanobis', [only], images),
      images.map((row) => -distance(row, only)),
    );
  });

  test('neighbors are bit-identical in any order of the training images, including duplicates', async () => {
    const rows = [...training, training[4], training[4]];
    for (const name of ['knn', 'knnEuclidean', 'cosineNorm']) {
      expect(await scored(name, rows.toReversed(), images), name).toEqual(await scored(name, rows, images));
    }
  });
});

describe('the state in a model file', () => {
  const scores = SCORES.filter(({ needs }) => !needs.includes('logits')); // the table has none
  const states = fitScores(scores, tableOf(training));
  const file = 'model.safetensors';
  const stored = () => decodeSafetensors(encodeSafetensors(encodeStates(states)), file).tensors;

  test('round-trips and gives bit-identical scores', async () => {
    const tensors = stored();
    expect(Object.keys(tensors).sort()).toEqual([
      'score.classProbability.bias',
      'score.classProbability.weight',
      'score.cosineNorm.features',
      'score.knn.features', // for both distances
      'score.mahalanobis.covariance',
      'score.mahalanobis.mean',
      'score.mahalanobis.shrinkage',
      'score.patchcore.patches',
      'score.patchcore.scale',
    ]);
    const read = decodeStates(scores, tensors, file);
    expect(read).toEqual(states);
    const [before, after] = [states, read].map((each) => openScores(scores, each));
    for (const [i, { name, of }] of before.entries()) {
      expect(await after[i].of(tableOf(images)), name).toEqual(await of(tableOf(images)));
    }
  });

  test('a model without state has only the norms', () => {
    const all = scoresOf('oecl');
    expect(scoresWith(all, decodeStates(all, {}, file)).map(({ name }) => name)).toEqual([
      ...['norm', 'normEnsemble', 'normOfMean', 'meanSquaredNorm'],
    ]);
  });

  test('an incomplete state, or one of another network, is refused, and the error names the tensor', () => {
    const { 'score.mahalanobis.covariance': covariance, ...others } = stored();
    expect(() => decodeStates(scores, others, file)).toThrow(
      /score\.mahalanobis\.covariance: found none, expected floats/,
    );
    const broken = { ...covariance, data: (covariance.data as Float64Array<ArrayBuffer>).with(3, Number.NaN) };
    expect(() => decodeStates(scores, { ...others, 'score.mahalanobis.covariance': broken }, file)).toThrow(
      'score.mahalanobis.covariance has the value NaN (element 3)',
    );
    expect(() => checkStates(scores, states, { backbone: [8], projection: [7], logits: [], map: [7] })).toThrow(
      /score\.knn\.features: it is of another network[\s\S]*rows of 7 values, expected 8/,
    );
    expect(() => checkStates(scores, states, { backbone: [7], projection: [7], logits: [], map: [7] })).not.toThrow();
  });
});

describe('csi', () => {
  const [d, views] = [3, 2];
  const next = (count: number) => Array.from({ length: count }, () => Math.fround(random.next() + 0.1));
  /** f and logits by image, view and rotation. */
  const seen = (images: number) =>
    Array.from({ length: images }, () =>
      Array.from({ length: views }, () => Array.from({ length: 4 }, () => ({ f: next(d), logits: next(4) }))),
    );
  type Seen = ReturnType<typeof seen>;

  /** One row of padding per view and rotation. */
  function csiTable(images: Seen): FeatureTable {
    const pick = (key: 'f' | 'logits', width: number) => {
      const rows = Array.from({ length: views }, (_, view) =>
        Array.from({ length: 4 }, (__, shift) => [
          ...images.map((image) => image[view][shift][key]),
          new Array<number>(width).fill(9),
        ]),
      );
      return { data: Float32Array.from(rows.flat(3)), width };
    };
    const projection = pick('f', d);
    const count = images.length;
    return {
      count,
      views,
      shifts: 4,
      rowsPerShift: count + 1,
      backbone: projection,
      projection,
      logits: { shift: pick('logits', 4) },
    };
  }

  test('agrees with its definition, padding left out', async () => {
    const [train, images] = [seen(5), seen(3)];
    const averages = (all: Seen) =>
      all.map((image) =>
        [0, 1, 2, 3].map((k) => ({
          f: image[0][k].f.map((value, i) => (value + image[1][k].f[i]) / 2),
          logit: (image[0][k].logits[k] + image[1][k].logits[k]) / 2,
        })),
      );
    const [fitted, tested] = [averages(train), averages(images)];
    const expected = tested.map((image) =>
      meanOf(
        image.map(({ f, logit }, k) => {
          const along = Math.max(...fitted.map((other) => dot(f, other[k].f) / Math.hypot(...other[k].f)));
          const norm = meanOf(fitted.map((other) => Math.hypot(...other[k].f)));
          return along / norm + logit / meanOf(fitted.map((other) => other[k].logit));
        }),
      ),
    );
    const score = scoreNamed('csi')!;
    const states = fitScores([score], csiTable(train));
    const [{ of }] = openScores([score], states);
    const got = Array.from(await of(csiTable(images)));
    // f32 states, and 1e-8 added to each norm
    for (const [i, value] of got.entries()) expect(Math.abs(value / expected[i] - 1)).toBeLessThan(1e-6);
    expect(remarksOn([score], states)).toEqual([]);
    const nothing = train.map((image) => image.map((view) => view.map(() => ({ f: [0, 0, 0], logits: [0, 0, 0, 0] }))));
    const [onZero] = openScores([score], fitScores([score], csiTable(nothing)));
    expect(Array.from(await onZero.of(csiTable(nothing)))).toEqual(new Array(5).fill(0));
    const negative = train.map((image) =>
      image.map((view) =>
        view.map((row, k) => (k === 2 ? { ...row, logits: row.logits.map((value) => -value) } : row)),
      ),
    );
    expect(remarksOn([score], fitScores([score], csiTable(negative)))).toEqual([
      expect.stringContaining('1 of 4 rotations'),
    ]);
  });
});
