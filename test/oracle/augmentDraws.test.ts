/**
 * The draws of augmentation (docs/methods.md 5): the numbers against the host's generator, their distributions against
 * torchvision's, and that a view does not depend on its batch. Statistical checks have fixed seeds, and limits that a correct
 * generator exceeds once in a million times.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../runtime/index.ts';
import { Augmenter, type ImageBatch } from '../../src/augment/augmenter.ts';
import { Stream } from '../../src/base/randomStreams.ts';
import { packImages, type RgbImage } from '../../src/data/imageSet.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { drawsOf, indicesOf, noiseImage, OPTIONS, ordersOf, viewsOf } from '../helpers/augmentation.ts';
import { expectClose, expectSameBits } from '../helpers/matchers.ts';
import { drawF64, JITTER_OPS, largestCrop, type ViewDraws } from '../helpers/referenceAugment.ts';
import { correlation, kolmogorovSmirnov } from '../helpers/statistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

describe('draws', () => {
  test.each(['training', 'evaluation'] as const)('are those of the generator, %s', async (kind) => {
    const images = [noiseImage(64, 48), noiseImage(37, 101), noiseImage(33, 33), noiseImage(8, 90)];
    const rounds = [0, 3, 700, 2 ** 20 - 1];
    const pack = await packImages(images);
    const options = { ...OPTIONS, seed: 4_123_456_789 };
    const augmenter =
      kind === 'training'
        ? Augmenter.forTraining(
            context,
            options,
            [
              { images: pack, views: 2 },
              { images: pack, views: 2 },
            ],
            4,
          )
        : Augmenter.forEvaluation(context, options, { images: pack, views: 64 }, 4);
    const copies = [0, 1, 0, 2 ** 32 - 1];
    const batch: ImageBatch = { images: pack, indices: indicesOf(4), copies, rounds };
    augmenter.upload(kind === 'training' ? [batch, batch] : [batch]);
    const draws = await drawsOf(context, augmenter);
    const views = kind === 'training' ? 2 : 64;
    const orders = new Map<number, string>();
    let nearTies = 0;
    draws.forEach(({ order, ...actual }, at) => {
      const [second, view, i] = [at >= 4 * views, Math.floor(at / 4) % views, at % 4];
      if (kind === 'evaluation' && view === 0) return;
      const stream = kind === 'evaluation' ? Stream.evaluationViews : second ? Stream.augmentOutliers : Stream.augment;
      const { orderU, isNearTie, ...expected } = drawF64(images[i], options.scale, {
        seed: options.seed,
        stream,
        copy: copies[i],
        round: rounds[i],
        view,
      });
      if (isNearTie) {
        nearTies++;
        return;
      }
      expect({ ...actual, factors: null }).toEqual({ ...expected, factors: null });
      expectClose(actual.factors, expected.factors, tolerance.elementwise);
      const number = Math.floor(orderU * 24);
      expect(orders.get(number) ?? order.join('')).toBe(order.join(''));
      orders.set(number, order.join(''));
    });
    expect(nearTies).toBeLessThanOrEqual(1);
    expect(new Set(orders.values()).size).toBe(orders.size); // 24 numbers, 24 orders
    augmenter.dispose();
  });

  test('where no crop fits, the largest within the ratios is taken from the middle', async () => {
    const sizes = [
      [10, 90],
      [91, 10],
      [3, 7],
      [9, 5],
      [1, 6],
      [40, 4],
    ];
    const images = sizes.map(([width, height]) => noiseImage(width, height));
    const pack = await packImages(images);
    const augmenter = Augmenter.forTraining(
      context,
      { ...OPTIONS, scale: [0.99, 1] },
      [{ images: pack, views: 2 }],
      images.length,
    );
    augmenter.upload([{ images: pack, indices: indicesOf(images.length), rounds: new Uint32Array(images.length) }]);
    const crops = (await drawsOf(context, augmenter)).map(({ crop }) => crop);
    expect(crops).toEqual([...images, ...images].map(largestCrop));
    augmenter.dispose();
  });
});

describe('distributions', () => {
  const SIDE = 400;
  const IMAGES = 8;
  const ROUNDS = 8;
  const LOG_RATIO = Math.log(4 / 3);

  /** 8 x 8 x 63 = 4032 views of square images, large enough that whole pixels do not show. */
  async function drawMany(scale: readonly [number, number]): Promise<ViewDraws[]> {
    const pack = await packImages(Array.from({ length: IMAGES }, () => blankImage(SIDE)));
    const augmenter = Augmenter.forEvaluation(context, { ...OPTIONS, scale }, { images: pack, views: 64 }, IMAGES);
    const draws: ViewDraws[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const rounds = new Uint32Array(IMAGES).fill(round);
      const indices = indicesOf(IMAGES); // blank images, all alike
      augmenter.upload([{ images: pack, indices, copies: indices, rounds }]);
      draws.push(...(await drawsOf(context, augmenter)).slice(IMAGES));
    }
    augmenter.dispose();
    return draws;
  }

  const areaOf = ({ crop }: ViewDraws) => (crop.width * crop.height) / SIDE ** 2;
  const logRatioOf = ({ crop }: ViewDraws) => Math.log(crop.width / crop.height);
  const uniform = (low: number, high: number) => (x: number) => (x - low) / (high - low);

  /** Kolmogorov and Smirnov's distance times sqrt(n); above 2.7 once in a million times. `slack`: of the CDF, by rounding. */
  function expectDistribution(values: number[], cdf: (x: number) => number, slack = 0): void {
    const distance = kolmogorovSmirnov(values, cdf) - slack;
    expect(distance * Math.sqrt(values.length)).toBeLessThan(2.7);
  }

  let draws: ViewDraws[];
  beforeAll(async () => {
    draws = await drawMany([0.08, 0.7]); // an area of 3/4 and below fits whatever its aspect ratio
  });

  test('area fraction: U(scale)', () => {
    expectDistribution(draws.map(areaOf), uniform(0.08, 0.7));
  });

  test('log aspect ratio: U(log 3/4, log 4/3)', () => {
    expectDistribution(draws.map(logRatioOf), uniform(-LOG_RATIO, LOG_RATIO));
  });

  test('scale (0.08, 1): what does not fit is drawn again, and nothing else', async () => {
    const areas = (await drawMany([0.08, 1])).map(areaOf);
    // density 1 up to 3/4, from there the share of aspect ratios that fit: log(1 / area) / log(4/3)
    const tail = (area: number) => (area - area * Math.log(area) - (0.75 - 0.75 * Math.log(0.75))) / LOG_RATIO;
    const mass = (area: number) => (area <= 0.75 ? area - 0.08 : 0.67 + tail(area));
    expectDistribution(areas, (area) => mass(Math.min(area, 1)) / mass(1), 0.002);
  });

  test('place of the crop: every place equally likely', () => {
    const room = draws.filter(({ crop }) => Math.max(crop.width, crop.height) <= SIDE - 100);
    expect(room.length).toBeGreaterThan(draws.length / 3);
    const lefts = room.map(({ crop }) => (crop.left + 0.5) / (SIDE - crop.width + 1));
    const tops = room.map(({ crop }) => (crop.top + 0.5) / (SIDE - crop.height + 1));
    expectDistribution(lefts, uniform(0, 1), 0.005); // at least 101 places: half a step is 0.005
    expectDistribution(tops, uniform(0, 1), 0.005);
    const inside = room.every(({ crop: { left, top, width, height } }) => {
      return left >= 0 && top >= 0 && left + width <= SIDE && top + height <= SIDE;
    });
    expect(inside).toBe(true);
  });

  test.each([
    ['flip', 0.5, ({ isFlipped }: ViewDraws) => isFlipped],
    ['jitter', 0.8, ({ isJittered }: ViewDraws) => isJittered],
    ['gray', 0.2, ({ isGray }: ViewDraws) => isGray],
  ] as const)('rate of %s: %d, within 5 standard errors', (_, rate, of) => {
    const share = draws.filter(of).length / draws.length;
    expect(Math.abs(share - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / draws.length));
  });

  test.each(JITTER_OPS)('jitter %s: uniform', (op) => {
    const [low, high] = op === 'hue' ? [-0.1, 0.1] : [0.6, 1.4];
    const factors = draws.map((view) => view.factors[JITTER_OPS.indexOf(op)]);
    expectDistribution(factors, uniform(low, high));
  });

  test('order of the jitter: all 24 equally likely (chi-square, 23 degrees of freedom)', () => {
    const counts = new Map<string, number>();
    for (const { order } of draws) counts.set(order.join(''), (counts.get(order.join('')) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(ordersOf([0, 1, 2, 3]).map((order) => order.join('')));
    const expected = draws.length / 24;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(71);
  });

  test('draws are uncorrelated, within 5 standard errors', () => {
    const columns: Record<string, number[]> = {
      area: draws.map(areaOf),
      logRatio: draws.map(logRatioOf),
      left: draws.map(({ crop }) => crop.left / (SIDE - crop.width + 1)),
      top: draws.map(({ crop }) => crop.top / (SIDE - crop.height + 1)),
      flip: draws.map(({ isFlipped }) => Number(isFlipped)),
      jitter: draws.map(({ isJittered }) => Number(isJittered)),
      gray: draws.map(({ isGray }) => Number(isGray)),
      first: draws.map(({ order }) => order[0]),
      last: draws.map(({ order }) => order[3] - order[0]),
    };
    JITTER_OPS.forEach((op, at) => {
      columns[op] = draws.map(({ factors }) => factors[at]);
    });
    // the first and the last operation exclude one another; of a crop's place only the rounding down depends on its size
    const exempt = new Set(['first last']);
    const names = Object.keys(columns);
    const together = names.flatMap((a, i) =>
      names.slice(i + 1).flatMap((b) => {
        const r = correlation(columns[a], columns[b]);
        return Math.abs(r) < 5 / Math.sqrt(draws.length) || exempt.has(`${a} ${b}`) ? [] : [`${a} and ${b}: ${r}`];
      }),
    );
    expect(together).toEqual([]);
  });
});

describe('a view depends only on seed, epoch, content, copy and number', () => {
  const images = [noiseImage(35, 27), noiseImage(27, 41), noiseImage(12, 12), noiseImage(19, 23), noiseImage(30, 30)];
  const first = { indices: [0, 1, 2, 3], rounds: [5, 5, 5, 5] };

  test('not on its place in the pack', async () => {
    const { views } = await viewsOf(context, images, first);
    const order = [3, 0, 2, 1];
    const other = [images[3], images[4], images[0], images[2], images[1]];
    const moved = await viewsOf(context, other, { indices: [0, 2, 3, 4], rounds: [5, 5, 5, 5] });
    order.forEach((image, i) => {
      for (const view of [0, 1]) expectSameBits(moved.views[view * 4 + i], views[view * 4 + image]);
    });
  });

  test('not on its place in the batch, nor on the batch', async () => {
    const { views } = await viewsOf(context, images, first);
    const others = [
      { indices: [3, 1, 0, 2], rounds: [5, 5, 5, 5] },
      { indices: [4, 2, 3], rounds: [9, 5, 5] },
      { indices: [1], rounds: [5] },
    ];
    for (const batch of others) {
      const again = await viewsOf(context, images, batch);
      batch.indices.forEach((image, i) => {
        if (image === 4) return; // not in the first batch
        for (const view of [0, 1])
          expectSameBits(again.views[view * batch.indices.length + i], views[view * 4 + image]);
      });
    }
  });

  test('not on how many views there are', async () => {
    const few = await viewsOf(context, images, first, { evaluation: 2 });
    const many = await viewsOf(context, images, first, { evaluation: 7 });
    few.views.forEach((view, at) => {
      expectSameBits(many.views[at], view);
    });
  });

  test('not on other streams', async () => {
    const alone = await viewsOf(context, images, first);
    const beside = await viewsOf(context, images, first, { besides: { indices: [4, 4, 0, 1], rounds: [0, 1, 2, 3] } });
    alone.views.forEach((view, at) => {
      expectSameBits(beside.views[at], view);
    });
  });

  test('equal images have equal views, and of other copies others', async () => {
    const same = [images[0], images[1], images[0]];
    const batch = { indices: [0, 2], rounds: [5, 5] };
    const equal = await viewsOf(context, same, batch);
    const copies = await viewsOf(context, same, { ...batch, copies: [0, 1] });
    for (const view of [0, 1]) {
      expectSameBits(equal.views[2 * view + 1], equal.views[2 * view]);
      expectSameBits(copies.views[2 * view], equal.views[2 * view]);
    }
    expect(new Set(copies.draws.map((draws) => JSON.stringify(draws))).size).toBe(4);
  });

  test('another seed, epoch, copy, view, stream or use gives another view', async () => {
    const same = [images[0], images[0]];
    const batch = { indices: [0, 1], copies: [0, 1], rounds: [0, 0] };
    const { views, draws } = await viewsOf(context, same, batch, { besides: batch });
    const epoch = await viewsOf(context, same, { ...batch, rounds: [1, 1] });
    const seed = await viewsOf(context, same, batch, { seed: OPTIONS.seed + 1 });
    const evaluation = await viewsOf(context, same, batch, { evaluation: 3 });
    const all = [...draws, ...epoch.draws, ...seed.draws, ...evaluation.draws.slice(2)];
    expect(views).toHaveLength(8); // 2 streams x 2 views x 2 images
    expect(all).toHaveLength(8 + 4 + 4 + 4);
    expect(new Set(all.map((view) => JSON.stringify(view))).size).toBe(all.length);
  });
});

const blankImage = (side: number): RgbImage => ({ width: side, height: side, pixels: new Uint8Array(side * side * 3) });
