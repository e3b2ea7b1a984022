/**
 * The transforms of docs/methods.md 5 in f64, one function each, written from torchvision's definitions, and the draws of a
 * view, from the host's generator. Images are rows of pixels, each with three numbers in [0, 1].
 */
import { createHash } from 'node:crypto';
import { threefry2x32, uniform01 } from '../../runtime/random.ts';
import type { RgbImage } from '../../src/data/imageSet.ts';

export type Pixel = [red: number, green: number, blue: number];
export type ImageF64 = Pixel[][];

export const JITTER_OPS = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/** The parameters of one view's transforms. */
export interface ViewDraws {
  /** Pixels of the image. */
  crop: { left: number; top: number; width: number; height: number };
  isFlipped: boolean;
  isJittered: boolean;
  isGray: boolean;
  /** The jitter's operations, as indices into JITTER_OPS, in the order of application. */
  order: number[];
  /** One value per operation, in the order of JITTER_OPS: three factors, and a hue shift in turns. */
  factors: number[];
}

/** A view that leaves `crop` unchanged. */
export function plainDraws(crop: ViewDraws['crop']): ViewDraws {
  const neutral = { isFlipped: false, isJittered: false, isGray: false };
  return { crop, ...neutral, order: [0, 1, 2, 3], factors: [1, 1, 1, 0] };
}

const WORDS = 16;

/** As words of augment.wgsl's struct Draws: four f32, three u32 and a gap, vec4<u32>, vec4<f32>. */
export function encodeDraws(views: readonly ViewDraws[]): Uint32Array {
  const words = new Uint32Array(views.length * WORDS);
  const floats = new Float32Array(words.buffer);
  views.forEach(({ crop, isFlipped, isJittered, isGray, order, factors }, view) => {
    const at = view * WORDS;
    floats.set([crop.left, crop.top, crop.width, crop.height], at);
    words.set([Number(isFlipped), Number(isJittered), Number(isGray)], at + 4);
    words.set(order, at + 8);
    floats.set(factors, at + 12);
  });
  return words;
}

export function decodeDraws(words: Uint32Array<ArrayBuffer>): ViewDraws[] {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  return Array.from({ length: words.length / WORDS }, (_, view) => {
    const at = view * WORDS;
    const [left, top, width, height] = floats.subarray(at, at + 4);
    const [flipped, jittered, gray] = words.subarray(at + 4, at + 7);
    return {
      crop: { left, top, width, height },
      isFlipped: flipped === 1,
      isJittered: jittered === 1,
      isGray: gray === 1,
      order: [...words.subarray(at + 8, at + 12)],
      factors: [...floats.subarray(at + 12, at + 16)],
    };
  });
}

/** The crop of an image of bytes, in [0, 1]; black outside of the image. */
function cropF64({ width, height, pixels }: RgbImage, crop: ViewDraws['crop']): ImageF64 {
  return Array.from({ length: crop.height }, (_, y) =>
    Array.from({ length: crop.width }, (_, x): Pixel => {
      const [row, column] = [crop.top + y, crop.left + x];
      if (row < 0 || column < 0 || row >= height || column >= width) return [0, 0, 0];
      const at = (row * width + column) * 3;
      return [pixels[at] / 255, pixels[at + 1] / 255, pixels[at + 2] / 255];
    }),
  );
}

/**
 * The weights of a line of `from` pixels in pixel `target` of a line of `to`: bilinear, antialias=True. Target pixel t
 * lies at (t + 1/2) from / to; weights fall to 0 at a distance of one pixel of the shorter line, and sum to 1.
 */
function lineWeights(from: number, to: number, target: number): number[] {
  const scale = from / to;
  const weights = Array.from({ length: from }, (_, source) => {
    const distance = Math.abs(source + 0.5 - (target + 0.5) * scale);
    return Math.max(0, 1 - distance / Math.max(1, scale));
  });
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** sum of weights[i] items[i]. */
const weighted = (items: readonly Pixel[], weights: readonly number[]): Pixel =>
  [0, 1, 2].map((channel) => items.reduce((sum, item, i) => sum + weights[i] * item[channel], 0)) as Pixel;

/** resize(antialias=True), rows and then columns. */
function resizeF64(image: ImageF64, side: number): ImageF64 {
  const columns = Array.from({ length: side }, (_, x) => lineWeights(image[0].length, side, x));
  const rows = Array.from({ length: side }, (_, y) => lineWeights(image.length, side, y));
  const narrow = image.map((row) => columns.map((weights) => weighted(row, weights)));
  return rows.map((weights) =>
    columns.map((_, x) =>
      weighted(
        narrow.map((row) => row[x]),
        weights,
      ),
    ),
  );
}

const flipF64 = (image: ImageF64): ImageF64 => image.map((row) => [...row].reverse());

const map = (image: ImageF64, f: (pixel: Pixel) => Pixel): ImageF64 => image.map((row) => row.map(f));

const clamped = (pixel: Pixel): Pixel => pixel.map((value) => Math.min(1, Math.max(0, value))) as Pixel;

const grayOf = ([red, green, blue]: Pixel): number => 0.299 * red + 0.587 * green + 0.114 * blue;

/** factor * pixel + (1 - factor) * other, of every channel. */
const blend = (pixel: Pixel, other: number, factor: number): Pixel =>
  clamped(pixel.map((value) => factor * value + (1 - factor) * other) as Pixel);

const brightnessF64 = (image: ImageF64, factor: number): ImageF64 => map(image, (pixel) => blend(pixel, 0, factor));

function contrastF64(image: ImageF64, factor: number): ImageF64 {
  const grays = image.flat().map(grayOf);
  const mean = grays.reduce((a, b) => a + b, 0) / grays.length;
  return map(image, (pixel) => blend(pixel, mean, factor));
}

const saturationF64 = (image: ImageF64, factor: number): ImageF64 =>
  map(image, (pixel) => blend(pixel, grayOf(pixel), factor));

/** Hue of a pixel in degrees (0 for gray), saturation and value (Smith 1978). */
function hsvOf(pixel: Pixel): { hue: number; saturation: number; value: number } {
  const value = Math.max(...pixel);
  const chroma = value - Math.min(...pixel);
  const [red, green, blue] = pixel;
  let hue = 0;
  if (chroma > 0 && value === red) hue = (60 * (green - blue)) / chroma;
  else if (chroma > 0 && value === green) hue = 120 + (60 * (blue - red)) / chroma;
  else if (chroma > 0) hue = 240 + (60 * (red - green)) / chroma;
  return { hue, saturation: value > 0 ? chroma / value : 0, value };
}

/** value - value saturation max(0, min(k, 4 - k, 1)), k = (n + hue / 60) mod 6, n = 5, 3, 1 for red, green, blue. */
function rgbOf({ hue, saturation, value }: { hue: number; saturation: number; value: number }): Pixel {
  return [5, 3, 1].map((n) => {
    const k = (((n + hue / 60) % 6) + 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  }) as Pixel;
}

const hueF64 = (image: ImageF64, turns: number): ImageF64 =>
  map(image, (pixel) => {
    const hsv = hsvOf(pixel);
    return clamped(rgbOf({ ...hsv, hue: hsv.hue + 360 * turns }));
  });

const JITTER = [brightnessF64, contrastF64, saturationF64, hueF64];

/** The view of an image, [3, side, side] in row-major order. */
export function viewF64(
  source: RgbImage,
  draws: ViewDraws,
  { size, mean, std }: { size: number; mean: readonly number[]; std: readonly number[] },
): Float64Array {
  let image = resizeF64(cropF64(source, draws.crop), size);
  if (draws.isFlipped) image = flipF64(image);
  if (draws.isJittered) for (const op of draws.order) image = JITTER[op](image, draws.factors[op]);
  if (draws.isGray) image = map(image, (pixel) => [grayOf(pixel), grayOf(pixel), grayOf(pixel)]);
  const pixels = image.flat();
  return Float64Array.from([0, 1, 2].flatMap((c) => pixels.map((pixel) => (pixel[c] - mean[c]) / std[c])));
}

/** Global contrast normalization: minus the mean, by the mean absolute deviation from it. */
export function contrastNormalizedF64(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length;
  return values.map((value) => (value - mean) / (deviation > 0 ? deviation : 1));
}

export interface ViewKey {
  seed: number;
  /** Of train/streams.ts. */
  stream: number;
  /** Which of the images with the same pixels. */
  copy: number;
  round: number;
  /** Number of the view among those of its image. */
  view: number;
}

/** The order that a uniform number selects: one remaining item after another, by digits in base 4, 3, 2, 1. */
export function orderOf(orderU: number): number[] {
  const left = [0, 1, 2, 3];
  let rest = Math.floor(orderU * 24);
  return [4, 3, 2, 1].map((count) => {
    const pick = rest % count;
    rest = Math.floor(rest / count);
    const item = left[pick];
    left[pick] = left[count - 1];
    return item;
  });
}

const TRIES = 10;

/** The blocks of random words of a view, by number. */
function blocksOf(image: RgbImage, { seed, stream, copy, round, view }: ViewKey): (d: number) => [number, number] {
  const sides = Buffer.alloc(8);
  sides.writeUInt32LE(image.width, 0);
  sides.writeUInt32LE(image.height, 4);
  const digest = createHash('sha256').update(sides).update(image.pixels).digest();
  const key = threefry2x32(seed, stream, digest.readUInt32BE(0), digest.readUInt32BE(4));
  return (d) => threefry2x32(...key, copy, round * 2 ** 12 + view * 2 ** 6 + d);
}

const pairsOf = (image: RgbImage, key: ViewKey) => {
  const block = blocksOf(image, key);
  return (d: number): number[] => block(d).map(uniform01);
};

/**
 * The noise of a view, [3, side, side], of deviation 1: of each pixel and channel the sum of the eight bytes of a block, less
 * its mean, by its deviation. The key of these blocks is the view's block 63.
 */
export function noiseF64(image: RgbImage, side: number, key: ViewKey): Float64Array {
  const own = blocksOf(image, key)(63);
  const deviation = Math.sqrt((8 * (256 ** 2 - 1)) / 12);
  return Float64Array.from({ length: 3 * side * side }, (_, at) => {
    const [channel, pixel] = [Math.floor(at / (side * side)), at % (side * side)];
    const words = threefry2x32(...own, pixel, channel);
    const bytes = words.flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 255));
    return (bytes.reduce((sum, byte) => sum + byte, 0) - 8 * 127.5) / deviation;
  });
}

/**
 * A view's draws. The image's key is the block of (seed, stream) whose counter is the first 64 bits of the SHA-256 of
 * its sides and pixels. Under that key, pair d of uniform numbers is the counter (copy, round 2^12 + view 2^6 + d): d = 0 to
 * 9 area and aspect ratio, 10 the place of the crop, 11 flip and jitter, 12 brightness and contrast, 13 saturation and hue,
 * 14 order and gray.
 * @returns the draws except `order`, whose uniform number is `orderU`; `isNearTie` if the sides of a tried crop are so
 * close to a half that f32 may round them the other way
 */
export function drawF64(
  image: RgbImage,
  scale: readonly [number, number],
  viewKey: ViewKey,
): Omit<ViewDraws, 'order'> & { orderU: number; isNearTie: boolean } {
  const pair = pairsOf(image, viewKey);
  const between = (low: number, high: number, u: number) => low + (high - low) * u;
  const { width, height } = image;
  const place = pair(TRIES);
  let crop: ViewDraws['crop'] | null = null;
  let isNearTie = false;
  for (let d = 0; d < TRIES && !crop; d++) {
    const [first, second] = pair(d);
    const area = width * height * between(scale[0], scale[1], first);
    const ratio = Math.exp(between(Math.log(3 / 4), Math.log(4 / 3), second));
    const cropSides = [Math.sqrt(area * ratio), Math.sqrt(area / ratio)];
    isNearTie ||= cropSides.some((side) => Math.abs(side - Math.floor(side) - 0.5) < 1e-6 * side);
    const [w, h] = cropSides.map(Math.round);
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const left = Math.floor(place[0] * (width - w + 1));
    const top = Math.floor(place[1] * (height - h + 1));
    crop = { left, top, width: w, height: h };
  }
  const [flip, jitter] = pair(TRIES + 1);
  const [brightness, contrast] = pair(TRIES + 2);
  const [saturation, hue] = pair(TRIES + 3);
  const [orderU, gray] = pair(TRIES + 4);
  return {
    crop: crop ?? largestCrop(image),
    isFlipped: flip < 0.5,
    isJittered: jitter < 0.8,
    isGray: gray < 0.2,
    factors: [...[brightness, contrast, saturation].map((u) => between(0.6, 1.4, u)), between(-0.1, 0.1, hue)],
    orderU,
    isNearTie,
  };
}

/** The window of a view: a square of side `side`, in an image with a border of side / 8 if it has no room for it. */
export function windowF64(image: RgbImage, side: number, key: ViewKey): ViewDraws['crop'] {
  const own = Math.min(side, image.width, image.height);
  const border = Math.min(image.width, image.height) <= side ? Math.floor(own / 8) : 0;
  const place = pairsOf(image, key)(TRIES);
  const [left, top] = [image.width, image.height].map(
    (length, axis) => Math.floor(place[axis] * (length - own + 2 * border + 1)) - border,
  );
  return { left, top, width: own, height: own };
}

/** The largest central crop with an aspect ratio in [3/4, 4/3]. */
export function largestCrop({ width, height }: { width: number; height: number }): ViewDraws['crop'] {
  let [w, h] = [width, height];
  if (width / height < 3 / 4) h = Math.round(width / (3 / 4));
  else if (width / height > 4 / 3) w = Math.round(height * (4 / 3));
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}
