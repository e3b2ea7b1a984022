/**
 * Augmentation against its definitions (docs/methods.md 5): the pixels of given draws against the transforms in f64. What
 * is drawn: augmentDraws.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../runtime/index.ts';
import { AUGMENTATIONS, type Augmentation } from '../../src/augment/augmentations.ts';
import { Augmenter, type AugmentOptions, stagingBytes } from '../../src/augment/augmenter.ts';
import { Stream } from '../../src/base/randomStreams.ts';
import { packImages, type RgbImage } from '../../src/data/imageSet.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { indicesOf, noiseImage, OPTIONS, ordersOf, UNNORMALIZED, viewsOf } from '../helpers/augmentation.ts';
import { expectClose, expectSameBits } from '../helpers/matchers.ts';
import {
  contrastNormalizedF64,
  decodeDraws,
  encodeDraws,
  JITTER_OPS,
  noiseF64,
  plainDraws,
  type ViewDraws,
  viewF64,
} from '../helpers/referenceAugment.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

const whole = ({ width, height }: RgbImage): ViewDraws['crop'] => ({ left: 0, top: 0, width, height });

/** One view of each image, transformed as `draws` say; on the device and by the reference. */
async function render(images: readonly RgbImage[], draws: readonly ViewDraws[], options: AugmentOptions) {
  const pack = await packImages(images);
  const augmenter = Augmenter.forEvaluation(context, options, { images: pack, views: 1 }, images.length);
  augmenter.upload([{ images: pack, indices: indicesOf(images.length), rounds: new Uint32Array(images.length) }]);
  const given = context.tensor(encodeDraws(draws), [draws.length, 16], { dtype: 'u32' });
  const views = context.scope(() => augmenter.render(given));
  const actual = (await views.read()) as Float32Array;
  for (const each of [views, given, augmenter]) each.dispose();
  const expected = images.flatMap((image, i) => [...viewF64(image, draws[i], options)]);
  return { actual, expected, shape: [images.length, 3, options.size, options.size] };
}

async function expectViews(images: readonly RgbImage[], draws: readonly ViewDraws[], options = OPTIONS): Promise<void> {
  const { actual, expected, shape } = await render(images, draws, options);
  expectClose(actual, expected, tolerance.view, shape);
}

describe('pixels of given draws', () => {
  const cases: { label: string; image: [number, number]; crop: [number, number, number, number]; size: number }[] = [
    { label: 'the whole of an odd image, shrunk', image: [37, 23], crop: [0, 0, 37, 23], size: 9 },
    { label: 'a wide crop at the right edge, shrunk', image: [37, 23], crop: [6, 10, 31, 13], size: 12 },
    { label: 'a crop shrunk along one side, enlarged along the other', image: [37, 23], crop: [3, 5, 29, 4], size: 11 },
    { label: 'a small crop, enlarged', image: [37, 23], crop: [31, 17, 5, 6], size: 17 },
    { label: 'one pixel', image: [37, 23], crop: [36, 22, 1, 1], size: 5 },
    { label: 'an image of one pixel', image: [1, 1], crop: [0, 0, 1, 1], size: 3 },
    { label: 'an image one pixel wide', image: [1, 19], crop: [0, 2, 1, 15], size: 4 },
    { label: 'a long way down', image: [101, 77], crop: [1, 2, 99, 75], size: 2 },
    { label: 'to one pixel', image: [13, 9], crop: [0, 0, 13, 9], size: 1 },
  ];
  test.each(cases)('crop and resize: $label', async ({ image: [w, h], crop: [left, top, width, height], size }) => {
    const image = noiseImage(w, h);
    const draws = plainDraws({ left, top, width, height });
    await expectViews([image, image], [draws, { ...draws, isFlipped: true }], { ...UNNORMALIZED, size });
  });

  test('images of other sizes lie side by side, and one that fills a batch up is there once', async () => {
    const images = [noiseImage(5, 4), noiseImage(61, 7), noiseImage(3, 9)];
    const pack = await packImages(images);
    expect([1, 2, 3, 9].map((batch) => stagingBytes(pack, batch))).toEqual([1284, 1368, 1428, 1428]);
    const draws = images.map((image) => plainDraws(whole(image)));
    const augmenter = Augmenter.forEvaluation(context, UNNORMALIZED, { images: pack, views: 1 }, 3);
    for (const indices of [
      [0, 1, 2],
      [1, 1, 1],
      [2, 1, 2],
    ]) {
      augmenter.upload([{ images: pack, indices, rounds: [0, 0, 0] }]);
      const chosen = indices.map((index) => draws[index]);
      const given = context.tensor(encodeDraws(chosen), [3, 16], { dtype: 'u32' });
      const views = context.scope(() => augmenter.render(given));
      const expected = indices.flatMap((index, i) => [...viewF64(images[index], chosen[i], UNNORMALIZED)]);
      expectClose((await views.read()) as Float32Array, expected, tolerance.view, views.shape);
      for (const each of [views, given]) each.dispose();
    }
    augmenter.dispose();
  });

  test('a crop of just the size is the bytes themselves, and flipped their mirror image', async () => {
    const image = noiseImage(13, 11);
    const draws = plainDraws({ left: 2, top: 1, width: 9, height: 9 });
    const { actual } = await render([image, image], [draws, { ...draws, isFlipped: true }], UNNORMALIZED);
    const byte = (x: number, y: number, c: number) => image.pixels[((y + 1) * 13 + x + 2) * 3 + c];
    const bytes = Array.from({ length: 2 * 3 * 81 }, (_, i) => {
      const [view, c, y, x] = [Math.floor(i / 243), Math.floor(i / 81) % 3, Math.floor(i / 9) % 9, i % 9];
      return byte(view === 1 ? 8 - x : x, y, c);
    });
    expect(Array.from(actual, (value) => Math.round(value * 255))).toEqual(bytes);
    expectClose(
      actual,
      bytes.map((value) => value / 255),
      tolerance.view,
    );
  });

  // Neutral but for one operation; at the ends of what is drawn, and beyond, where much is clamped.
  const single = JITTER_OPS.flatMap((op, at) => {
    const values = op === 'hue' ? [-0.5, -0.1, 0.037, 0.1, 0.4] : [0, 0.6, 0.93, 1.4, 3];
    return values.map((value) => ({ op, at, value }));
  });
  test.each(single)('jitter: $op $value', async ({ at, value }) => {
    const images = [noiseImage(9, 9), noiseImage(31, 17), grayImage(9, 9)];
    const draws = images.map((image) => {
      const view = plainDraws(whole(image));
      return { ...view, isJittered: true, factors: view.factors.map((factor, op) => (op === at ? value : factor)) };
    });
    await expectViews(images, draws);
  });

  test('a hue shift of a third of a turn moves every channel on by one', async () => {
    const image = noiseImage(9, 9);
    const draws = { ...plainDraws(whole(image)), isJittered: true, factors: [1, 1, 1, 1 / 3] };
    const { actual } = await render([image], [draws], UNNORMALIZED);
    const moved = [2, 0, 1].flatMap((c) => Array.from({ length: 81 }, (_, pixel) => image.pixels[pixel * 3 + c] / 255));
    expectClose(actual, moved, tolerance.view);
  });

  test('jitter: all 24 orders, each with strong factors', async () => {
    const orders = ordersOf([0, 1, 2, 3]);
    expect(orders).toHaveLength(24);
    const images = orders.map((_, i) => noiseImage(15 + (i % 4), 13));
    const draws = images.map((image, i) => ({
      ...plainDraws(whole(image)),
      isJittered: true,
      order: orders[i],
      factors: [1.4, 1.3, 0.6, -0.1],
    }));
    await expectViews(images, draws);
  });

  test('not jittered: factors without effect; gray; gray after jitter', async () => {
    const image = noiseImage(21, 15);
    const factors = [0.6, 1.4, 0.7, 0.1];
    const draws = { ...plainDraws(whole(image)), factors };
    const gray = { ...draws, isGray: true };
    await expectViews(
      [image, image, image, image],
      [draws, gray, { ...gray, isJittered: true }, { ...draws, isJittered: true, isFlipped: true }],
    );
  });

  test('pixels that the device draws itself: two views of odd images of three sizes in one batch', async () => {
    const images = [noiseImage(35, 27), noiseImage(27, 41), noiseImage(9, 9)];
    const pack = await packImages(images);
    const augmenter = Augmenter.forTraining(context, OPTIONS, [{ images: pack, views: 2 }], 3);
    augmenter.upload([{ images: pack, indices: indicesOf(3), rounds: [0, 1, 2] }]);
    const draws = context.scope(() => augmenter.draw());
    const views = context.scope(() => augmenter.views());
    const drawn = decodeDraws((await draws.read()) as Uint32Array<ArrayBuffer>);
    const expected = drawn.flatMap((view, i) => [...viewF64(images[i % 3], view, OPTIONS)]);
    expectClose((await views.read()) as Float32Array, expected, tolerance.view, views.shape);
    for (const each of [draws, views, augmenter]) each.dispose();
  });
});

describe('other augmentations', () => {
  const images = [noiseImage(9, 9), noiseImage(11, 14)];
  const batch = { indices: [0, 1], rounds: [2, 2] };
  const drawsOfViews = (augmentation: Augmentation) => viewsOf(context, images, batch, { augmentation });

  test.each(AUGMENTATIONS.map((augmentation) => ({ augmentation, name: augmentation.name })))(
    '$name: pixels of its draws, and the distributions of the draws',
    async ({ augmentation }) => {
      const { draws, views } = await drawsOfViews({ ...augmentation, noise: undefined });
      draws.forEach((view, at) => {
        expectClose(views[at], viewF64(images[at % 2], view, OPTIONS), tolerance.view);
        const { crop, isFlipped, isJittered, isGray, factors } = view;
        if (augmentation.flip === 0) expect(isFlipped).toBe(false);
        if (augmentation.gray === 0) expect(isGray).toBe(false);
        if (augmentation.jitter !== 0.8) expect(isJittered).toBe(augmentation.jitter === 1);
        const neutral = [1, 1, 1, 0];
        factors.forEach((factor, op) => {
          expect(Math.abs(factor - neutral[op])).toBeLessThanOrEqual(augmentation.strengths[op] + 1e-7);
        });
        if (augmentation.crop !== 'resized') expect(crop).toMatchObject({ width: 9, height: 9 });
      });
    },
  );

  test('a window reaches into a black border where the image has no room', async () => {
    const image = noiseImage(9, 9);
    const draws = [-1, 1].map((left) => plainDraws({ left, top: -left, width: 9, height: 9 }));
    const { actual } = await render([image, image], draws, UNNORMALIZED);
    const at = (view: number, y: number, x: number) => actual[view * 243 + y * 9 + x];
    for (let i = 0; i < 9; i++) expect([at(0, i, 0), at(0, 8, i), at(1, i, 8), at(1, 0, i)]).toEqual([0, 0, 0, 0]);
    expectClose(
      actual,
      [image, image].flatMap((each, i) => [...viewF64(each, draws[i], UNNORMALIZED)]),
      tolerance.view,
    );
  });

  test('noise depends on the image, its copy, the round and the view, and not on the batch', async () => {
    const noisy: Augmentation = { ...AUGMENTATIONS[3], noise: { deviation: 0.5, largestSide: 9 } };
    const key = { seed: OPTIONS.seed, stream: Stream.augment, copy: 0 };
    const { views } = await drawsOfViews(noisy);
    const plain = await drawsOfViews(AUGMENTATIONS[3]);
    views.forEach((view, at) => {
      const noise = noiseF64(images[at % 2], 9, { ...key, round: 2, view: Math.floor(at / 2) });
      const expected = plain.views[at].map((value, i) => value + (0.5 * noise[i]) / OPTIONS.std[Math.floor(i / 81)]);
      expectClose(view, expected, tolerance.view);
    });
    const alone = await viewsOf(context, images, { indices: [1], rounds: [2] }, { augmentation: noisy });
    expectSameBits(alone.views[0], views[1]);
    const larger = await viewsOf(context, images, batch, { augmentation: noisy, size: 10 });
    const quiet = await viewsOf(context, images, batch, { augmentation: AUGMENTATIONS[3], size: 10 });
    expectSameBits(larger.views[1], quiet.views[1]); // it is for sides up to 9
  });

  test('global contrast normalization', async () => {
    const own = await viewsOf(context, images, batch, { isContrastNormalized: true });
    const colors = await viewsOf(context, images, batch, { mean: [0, 0, 0], std: [1, 1, 1] });
    own.views.forEach((view, at) => {
      expectClose(view, contrastNormalizedF64(Float64Array.from(colors.views[at])), tolerance.view);
    });
  });
});

describe('evaluation', () => {
  test.each([
    [9, 9],
    [10, 11],
    [14, 12],
    [9, 16],
    [13, 9],
    [6, 6], // smaller than the view: its center square is enlarged
    [5, 8],
    [11, 8],
  ])('the plain view of an image of %i x %i pixels is its center', async (width, height) => {
    const image = noiseImage(width, height);
    const { views } = await viewsOf(context, [image], { indices: [0], rounds: [0] }, { evaluation: 1 });
    const side = Math.min(OPTIONS.size, width, height);
    const corner = (length: number) => roundHalfToEven((length - side) / 2); // as torchvision's center_crop
    const crop = { left: corner(width), top: corner(height), width: side, height: side };
    expectClose(views[0], viewF64(image, plainDraws(crop), OPTIONS), tolerance.view);
  });
});

/** Equal channels, which have no hue and saturation, including black and white. */
function grayImage(width: number, height: number): RgbImage {
  const { pixels } = noiseImage(width, height);
  const grays = pixels.map((_, i) => [0, 255][Math.floor(i / 3)] ?? pixels[Math.floor(i / 3) * 3]);
  return { width, height, pixels: grays };
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}
