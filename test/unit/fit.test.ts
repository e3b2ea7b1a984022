/** Fitting images of any shape into packed images, and the remarks about it. */
import { expect, test } from 'vitest';
import { FITS, fitted } from '../../src/data/fit.ts';
import { noteOf, Remarks } from '../../src/data/remarks.ts';
import { packSide } from '../../src/data/resize.ts';

type At = (x: number, y: number) => readonly [number, number, number];

function image(width: number, height: number, colorAt: At) {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) pixels.set(colorAt(i % width, Math.floor(i / width)), i * 3);
  return { width, height, pixels };
}
const gray = (width: number, height: number, at: (x: number, y: number) => number) =>
  image(width, height, (x, y) => [at(x, y), at(x, y), at(x, y)]);
/** Images whose left half is dark. */
const half = (width: number, height: number) => gray(width, height, (x) => (x < width / 2 ? 0 : 200));

const SIDE = packSide(14); // 16

test('crop: the short side is resized, and the center is kept, at most 4:1', () => {
  expect(fitted(half(40, 20), 14, 'crop')).toMatchObject({ width: 32, height: 16 });
  expect(fitted(half(80, 20), 14, 'crop')).toMatchObject({ width: 64, height: 16 });
  const strip = fitted(
    gray(20, 5000, (_, y) => (y < 2460 || y >= 2540 ? 255 : 7)),
    14,
    'crop',
  );
  expect(strip).toMatchObject({ width: 16, height: 64 });
  expect(new Set(strip.pixels), 'the middle 80 rows').toEqual(new Set([7]));
});

test('squash: both sides are resized, so the whole image is kept', () => {
  const { width, height, pixels } = fitted(half(64, 8), 14, 'squash');
  expect([width, height]).toEqual([SIDE, SIDE]);
  expect([pixels[0], pixels[SIDE * 3 - 3]]).toEqual([0, 200]);
});

test('pad: the whole image is centered in a square of the mean color of its border', () => {
  const flat = fitted(
    image(32, 16, () => [10, 90, 200]),
    14,
    'pad',
  );
  expect(flat.pixels).toEqual(image(SIDE, SIDE, () => [10, 90, 200]).pixels);
  const bars = fitted(
    gray(8, 16, (x) => (x === 0 || x === 7 ? 255 : 0)),
    14,
    'pad',
  );
  const row = Array.from({ length: SIDE }, (_, x) => bars.pixels[(5 * SIDE + x) * 3]);
  const border = Math.round((32 * 255) / 44); // 2 columns of 16 are lit, and 2 rows of 6 between them are not
  expect(row).toEqual([...Array(4).fill(border), 255, 0, 0, 0, 0, 0, 0, 255, ...Array(4).fill(border)]);
  expect(bars).toMatchObject({ width: SIDE, height: SIDE });
});

test.each(FITS)('%s: the size is bounded for every shape, and a fitted image stays unchanged', (fit) => {
  for (const [width, height] of [
    [1, 20_000],
    [20_000, 1],
    [200, 5000],
    [1, 1],
    [3, 2],
    [16, 16],
  ]) {
    const once = fitted(
      gray(width, height, (x, y) => (x + y) % 251),
      14,
      fit,
    );
    expect(Math.min(once.width, once.height)).toBe(SIDE);
    expect(Math.max(once.width, once.height)).toBeLessThanOrEqual(4 * SIDE);
    expect(fitted(once, 14, fit)).toBe(once);
  }
  const small = gray(14, 14, (x) => x);
  expect(fitted(small, 14, fit), "just the input's size").toBe(small);
});

test('remarks are counted and name the first image; there are none where --fit keeps the whole image', () => {
  const seen = (fit: (typeof FITS)[number]) => {
    const remarks = new Remarks({ fit, sampleBits: null });
    for (const [at, [width, height]] of [
      [8, 4],
      [9, 4],
      [4, 16],
      [17, 4],
    ].entries())
      remarks.see(half(width, height), at);
    return remarks.list().map((remark) => noteOf(remark, 4, (at) => `image ${at}`));
  };
  expect(seen('crop')).toEqual([
    '3 of 4 images are more than 2 times as long as wide: the plain evaluation view shows only their middle square; train with --fit pad or squash to use the whole image (first: image 1, 9 x 4 pixels)',
    '1 of 4 images are more than 4 times as long as wide: their ends are cut off, leaving the middle 4:1; --fit pad or squash keeps the whole image (first: image 3, 17 x 4 pixels)',
  ]);
  expect([seen('squash'), seen('pad')]).toEqual([[], []]);
});
