import { expect, test } from 'vitest';
import { packSide, resize, resizeShortSide } from '../../src/data/resize.ts';

/** A gray image of the given rows. */
const image = (rows: readonly (readonly number[])[]) => ({
  width: rows[0].length,
  height: rows.length,
  pixels: Uint8Array.from(rows.flat().flatMap((value) => [value, value, value])),
});
const grays = ({ width, pixels }: { width: number; pixels: Uint8Array }) => {
  const values = Array.from(pixels).filter((_, i) => i % 3 === 0);
  return Array.from({ length: values.length / width }, (_, y) => values.slice(y * width, (y + 1) * width));
};

test('halving widens the triangle filter by the scale (0.75, 0.75, 0.25 of 1.75)', () => {
  expect(grays(resize(image([[0, 70, 140, 210]]), 2, 1))).toEqual([[50, 160]]);
  expect(grays(resize(image([[0], [70], [140], [210]]), 1, 2))).toEqual([[50], [160]]);
});

test('doubling is linear between pixel centers and constant beyond the outermost', () => {
  expect(grays(resize(image([[0, 100]]), 4, 1))).toEqual([[0, 25, 75, 100]]);
});

test('both axes are resized one after the other and rounded once, and channels stay separate', () => {
  // rows have the means 5, 25, 65, 90; (3 * 5 + 3 * 25 + 65) / 7 = 22.1 and (25 + 3 * 65 + 3 * 90) / 7 = 70
  const tall = {
    width: 2,
    height: 4,
    pixels: Uint8Array.from([0, 1, 2, 10, 1, 2, 20, 1, 2, 30, 1, 2, 60, 1, 2, 70, 1, 2, 90, 1, 2, 90, 1, 2]),
  };
  const { pixels } = resize(tall, 1, 2);
  expect([...pixels]).toEqual([22, 1, 2, 70, 1, 2]);
});

test('a flat image stays flat at every size', () => {
  const flat = { width: 13, height: 9, pixels: new Uint8Array(13 * 9 * 3).fill(201) };
  for (const [width, height] of [
    [1, 1],
    [5, 7],
    [13, 9],
    [40, 31],
  ]) {
    expect(resize(flat, width, height).pixels).toEqual(new Uint8Array(width * height * 3).fill(201));
  }
});

test('the short side matches, the long side is rounded down as in torchvision, and a matching image is not copied', () => {
  const wide = { width: 50, height: 30, pixels: new Uint8Array(50 * 30 * 3) };
  expect(resizeShortSide(wide, 16)).toMatchObject({ width: 26, height: 16 }); // 16 * 50 / 30 = 26.67
  expect(resizeShortSide({ ...wide, width: 30, height: 50 }, 16)).toMatchObject({ width: 16, height: 26 });
  expect(resizeShortSide(wide, 30)).toBe(wide);
  expect([224, 32, 16].map(packSide)).toEqual([256, 37, 18]);
});
