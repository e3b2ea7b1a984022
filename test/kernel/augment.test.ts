/** augment.wgsl on the CPU, its four launches one after the other, against the host's draws and the transforms in f64. */
import { describe, expect, test } from 'vitest';
import { threefry2x32 } from '../../runtime/random.ts';
import { ADD_NOISE } from '../../src/augment/augmenter.ts';
import { imageAt, packImages } from '../../src/data/imageSet.ts';
import { noiseImage } from '../helpers/augmentation.ts';
import { expectOnCpu, runOnCpu, shaderText } from '../helpers/interpreter.ts';
import {
  contrastNormalizedF64,
  decodeDraws,
  drawF64,
  encodeDraws,
  noiseF64,
  plainDraws,
  viewF64,
  windowF64,
} from '../helpers/referenceAugment.ts';
import { tolerance } from '../helpers/tolerances.ts';

const SIDE = 3;
const SEED = 21;
const STREAM = 4;
const scale = [0.3, 1] as const;
const statistics = { size: SIDE, mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] };
const pack = await packImages([noiseImage(7, 5), noiseImage(5, 9)]);
/** First word, width, height, key, copy, round. */
const images = Uint32Array.from(
  [0, 1].flatMap((i) => {
    const key = threefry2x32(SEED, STREAM, pack.identities[4 * i], pack.identities[4 * i + 1]);
    return [pack.offsets[i] / 4, pack.widths[i], pack.heights[i], ...key, 5 * i, 3 + i];
  }),
);
const pixels = new Uint32Array(pack.pixels.buffer);
const VIEWS = 4; // two of each image
const uniforms = {
  ...{ views: VIEWS, side: SIDE, batch: 2, streamStarts: [0, VIEWS, VIEWS, VIEWS] },
  ...{ smallestArea: scale[0], largestArea: scale[1], crop: 0, flip: 0.5, jitter: 0.8, gray: 0.2, noise: 0 },
  ...{ lowest: [0.6, 0.6, 0.6, -0.1], highest: [1.4, 1.4, 1.4, 0.1] },
  mean: [...statistics.mean, 0],
  perStd: [...statistics.std.map((value) => 1 / value), 0],
};
const kernel = (entry: string, params = {}, slots = {}) => ({
  ...{ file: 'augment.wgsl', entry, params },
  slots: { random: shaderText('random.wgsl'), ...slots },
});
const perPixel: [number, number, number] = [1, 1, 1];

function draw(plain: boolean, more: object = {}): Uint32Array<ArrayBuffer> {
  const { values, races } = runOnCpu({
    kernel: kernel('draw_views', { PLAIN: String(plain) }),
    bindings: { images, draws_out: new Uint32Array(VIEWS * 16) },
    uniforms: { ...uniforms, ...more },
    groups: [1, 1, 1],
  });
  expect(races).toEqual([]);
  return values.draws_out;
}

test('draw_views: as the host draws', () => {
  decodeDraws(draw(false)).forEach((actual, at) => {
    const [view, i] = [Math.floor(at / 2), at % 2];
    const key = { seed: SEED, stream: STREAM, copy: 5 * i, round: 3 + i, view };
    const { orderU: _, isNearTie, ...expected } = drawF64(imageAt(pack, i), scale, key);
    expect(isNearTie).toBe(false);
    expect({ ...actual, order: null, factors: null }).toEqual({ ...expected, order: null, factors: null });
    expect([...actual.order].sort()).toEqual([0, 1, 2, 3]);
    actual.factors.forEach((factor, op) => {
      expect(factor).toBeCloseTo(expected.factors[op], 6);
    });
  });
});

test('draw_views: probabilities and strengths are uniforms', () => {
  const always = { flip: 1, jitter: 1, gray: 1, lowest: [2, 3, 4, 5], highest: [2, 3, 4, 5] };
  for (const view of decodeDraws(draw(false, always)))
    expect(view).toMatchObject({ isFlipped: true, isJittered: true, isGray: true, factors: [2, 3, 4, 5] });
  const never = { flip: 0, jitter: 0, gray: 0 };
  for (const view of decodeDraws(draw(false, never)))
    expect(view).toMatchObject({ isFlipped: false, isJittered: false, isGray: false });
});

test('draw_views: windows and centers', () => {
  const side = 5; // image 0 is 7 x 5, without room for it; image 1 is 5 x 9
  decodeDraws(draw(false, { crop: 1, side })).forEach(({ crop }, at) => {
    const [view, i] = [Math.floor(at / 2), at % 2];
    const key = { seed: SEED, stream: STREAM, copy: 5 * i, round: 3 + i, view };
    expect(crop).toEqual(windowF64(imageAt(pack, i), side, key));
  });
  const centers = decodeDraws(draw(false, { crop: 2 })).map(({ crop }) => crop);
  expect(centers).toEqual([centers[0], centers[1], centers[0], centers[1]]);
  expect(centers.slice(0, 2)).toEqual([
    { left: 2, top: 1, width: 3, height: 3 },
    { left: 1, top: 3, width: 3, height: 3 },
  ]);
});

test('draw_views: streams with different numbers of views', () => {
  const { values } = runOnCpu({
    kernel: kernel('draw_views', { PLAIN: 'false' }),
    bindings: { images, draws_out: new Uint32Array(VIEWS * 16) },
    uniforms: { ...uniforms, batch: 1, streamStarts: [0, 1, VIEWS, VIEWS] }, // one view of image 0, three of image 1
    groups: [1, 1, 1],
  });
  const [image0, image1, ...rest] = decodeDraws(draw(false));
  const views = decodeDraws(values.draws_out);
  expect([views[0], views[1], views[2]]).toEqual([image0, image1, rest[1]]);
  expect(views[3]).not.toEqual(views[2]);
});

test('draw_views: the first view of an image is plain at evaluation', () => {
  const views = decodeDraws(draw(true));
  expect(views.slice(0, 2)).toMatchObject([
    { crop: { left: 2, top: 1, width: 3, height: 3 }, isFlipped: false, isJittered: false, isGray: false },
    { crop: { left: 1, top: 3, width: 3, height: 3 }, isFlipped: false, isJittered: false, isGray: false },
  ]);
  expect(views.slice(2)).toEqual(decodeDraws(draw(false)).slice(2));
});

describe('resample, gray_means and finish', () => {
  const jittered = { isJittered: true, order: [3, 2, 1, 0], factors: [1.3, 0.7, 1.4, -0.1] };
  const drawn = [
    plainDraws({ left: 0, top: 0, width: 7, height: 5 }),
    { ...plainDraws({ left: 1, top: 3, width: 2, height: 6 }), ...jittered },
    { ...plainDraws({ left: 3, top: 1, width: 3, height: 4 }), ...jittered, order: [1, 0, 3, 2], isFlipped: true },
    { ...plainDraws({ left: 0, top: 0, width: 5, height: 9 }), isGray: true },
  ];

  test('give the views of the reference', () => {
    const draws = new Uint32Array(encodeDraws(drawn));
    const elements = VIEWS * SIDE * SIDE * 3;
    const { values, races } = runOnCpu({
      kernel: kernel('resample'),
      bindings: { pixels, images, draws, colors_out: new Float32Array(elements) },
      uniforms,
      groups: perPixel,
    });
    const means = runOnCpu({
      kernel: kernel('gray_means'),
      bindings: { draws, colors: values.colors_out, grays_out: new Float32Array(VIEWS) },
      uniforms,
      groups: [VIEWS, 1, 1],
    });
    expect([...races, ...means.races]).toEqual([]);
    const views = drawn.flatMap((each, i) => {
      const planes = viewF64(imageAt(pack, i % 2), each, statistics);
      const count = SIDE * SIDE;
      return Array.from({ length: 3 * count }, (_, at) => planes[(at % 3) * count + Math.floor(at / 3)]);
    });
    expectOnCpu(
      {
        kernel: kernel('finish'),
        bindings: {
          draws,
          colors: values.colors_out,
          grays: means.values.grays_out,
          views: new Float32Array(elements),
        },
        uniforms,
        groups: perPixel,
      },
      { views },
      tolerance.view,
    );
  });

  test('finish adds the noise of each view, none to a plain one', () => {
    const draws = new Uint32Array(encodeDraws(drawn.map(({ crop }) => plainDraws(crop))));
    const elements = VIEWS * SIDE * SIDE * 3;
    const plain = new Float32Array(elements).fill(0.5);
    const noise = 0.25;
    for (const isEvaluation of [false, true]) {
      const views = drawn.flatMap((_, at) => {
        const [view, i] = [Math.floor(at / 2), at % 2];
        const key = { seed: SEED, stream: STREAM, copy: 5 * i, round: 3 + i, view };
        const planes = noiseF64(imageAt(pack, i), SIDE, key);
        const share = isEvaluation && view === 0 ? 0 : noise;
        return Array.from({ length: 3 * SIDE * SIDE }, (_, place) => {
          const own = planes[(place % 3) * SIDE * SIDE + Math.floor(place / 3)];
          return (0.5 + share * own - statistics.mean[place % 3]) / statistics.std[place % 3];
        });
      });
      expectOnCpu(
        {
          kernel: kernel('finish', { PLAIN: String(isEvaluation) }, { noise: ADD_NOISE }),
          bindings: { images, draws, colors: plain, grays: new Float32Array(VIEWS), views: new Float32Array(elements) },
          uniforms: { ...uniforms, noise },
          groups: perPixel,
        },
        { views },
        tolerance.view,
      );
    }
  });

  test('normalize_contrast: each view by its own mean and deviation; a constant view becomes 0', () => {
    const elements = SIDE * SIDE * 3;
    const views = Float32Array.from({ length: VIEWS * elements }, (_, i) => {
      return Math.floor(i / elements) === 2 ? 0.5 : ((i * 37) % 101) / 101;
    });
    const expected = Array.from({ length: VIEWS }, (_, view) => [
      ...contrastNormalizedF64(Float64Array.from(views.slice(view * elements, (view + 1) * elements))),
    ]).flat();
    expectOnCpu(
      { kernel: kernel('normalize_contrast'), bindings: { views }, uniforms, groups: [VIEWS + 1, 1, 1] },
      { views: expected },
      tolerance.reduction(elements),
    );
  });
});
