/**
 * Dead leaves: overlapping random shapes with a 1 / r^3 size distribution, like objects in photographs (Lee, Mumford and
 * Huang 2001; used for learning by Baradad et al. 2021). Outlier-exposure images when no others are at hand. Synthetic.
 */
import { RandomStream } from '../../../runtime/index.ts';
import { Stream } from '../../base/randomStreams.ts';
import { type ImageSet, packImages, type RgbImage } from '../imageSet.ts';
import type { LoadOptions } from '../request.ts';
import { packSide, resizeShortSide } from '../resize.ts';
import { type Color, clamp, direction, NoiseField } from './drawing.ts';

/** Default number of images. */
export const DEAD_LEAVES_COUNT = 1000;

/** Images are drawn at twice the size, for smooth edges, up to this many pixels: leaves look alike at every scale. */
const LARGEST_SIDE = 96;
/** Radii, as fractions of the image side. */
export const RADII = { smallest: 0.07, largest: 0.6 } as const;
/** Maximum number of leaves; pixels still uncovered get the last leaf's color. Almost never reached. */
const MOST_LEAVES = 4000;
const PROGRESS_EVERY = 100;

type Shape = 'disk' | 'box' | 'triangle';
const SHAPES: readonly Shape[] = ['disk', 'disk', 'box', 'triangle'];

/** Images 0 to count - 1 of the seed, at the size of packed images; image i does not depend on count. */
export async function loadDeadLeaves(
  { seed, inputSize, watch, onProgress }: LoadOptions,
  count = DEAD_LEAVES_COUNT,
): Promise<ImageSet> {
  const side = packSide(inputSize);
  const images: RgbImage[] = [];
  for (let index = 0; index < count; index++) {
    await watch?.look('dead leaves were drawn');
    const drawn = drawDeadLeaves(Math.min(2 * side, LARGEST_SIDE), new RandomStream(seed, Stream.deadLeaves, index));
    images.push(resizeShortSide(drawn, side));
    if (images.length % PROGRESS_EVERY === 0) onProgress?.('dead leaves', images.length, count);
  }
  return {
    name: 'dead-leaves',
    synthetic: true,
    classes: ['dead-leaves'],
    images: await packImages(images),
    labels: new Int32Array(count),
    paths: images.map((_, index) => `dead-leaves/${index}`),
  };
}

/** One image of side x side pixels. Leaves are drawn front to back: each pixel keeps the first leaf that covers it. */
function drawDeadLeaves(side: number, random: RandomStream): RgbImage {
  const pixels = new Uint8Array(side * side * 3);
  const isCovered = new Uint8Array(side * side);
  const noise = new NoiseField(random);
  const paint = (at: number, color: Color, light: number) => {
    isCovered[at] = 1;
    for (let channel = 0; channel < 3; channel++)
      pixels[3 * at + channel] = clamp(Math.round(color[channel] + light), 0, 255);
  };
  let bare = side * side;
  for (let n = 0; n < MOST_LEAVES && bare > 0; n++) {
    const leaf = drawLeaf(side, random);
    const [top, bottom] = [
      Math.max(0, Math.floor(leaf.y - leaf.reach)),
      Math.min(side - 1, Math.ceil(leaf.y + leaf.reach)),
    ];
    const [left, right] = [
      Math.max(0, Math.floor(leaf.x - leaf.reach)),
      Math.min(side - 1, Math.ceil(leaf.x + leaf.reach)),
    ];
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const at = y * side + x;
        if (isCovered[at] === 1 || !covers(leaf, x - leaf.x, y - leaf.y)) continue;
        paint(at, leaf.color, lightOf(leaf, noise, x, y));
        bare--;
      }
    }
    if (n === MOST_LEAVES - 1)
      for (let at = 0; at < isCovered.length; at++) if (isCovered[at] === 0) paint(at, leaf.color, 0);
  }
  return { width: side, height: side, pixels };
}

interface Leaf {
  shape: Shape;
  x: number;
  y: number;
  /** Half-axes along and across `axis`, a unit vector. */
  long: number;
  short: number;
  axis: readonly [number, number];
  /** Maximum distance of any part from the center. */
  reach: number;
  color: Color;
  /** Amplitude of the surface noise, 0 to 255, and its frequency in lattice steps per pixel. */
  roughness: number;
  grain: number;
  /** Change in brightness along the leaf. */
  slope: number;
}

/** The quantile function of the radii, as a fraction of the image side: the inverse CDF of the 1 / r^3 distribution. */
export function leafRadius(share: number): number {
  const ratio = RADII.smallest / RADII.largest;
  return RADII.smallest / Math.sqrt(1 - share * (1 - ratio * ratio));
}

function drawLeaf(side: number, random: RandomStream): Leaf {
  const long = leafRadius(random.next()) * side;
  const short = long * random.uniform(0.4, 1);
  const brightness = random.uniform(20, 235);
  const saturation = random.next() * random.uniform(0, 130); // most surfaces have low saturation
  const tint = (): number => brightness + saturation * random.uniform(-1, 1);
  return {
    shape: SHAPES[random.integer(SHAPES.length)],
    x: random.uniform(0, side),
    y: random.uniform(0, side),
    long,
    short,
    axis: direction(random.next()),
    reach: 1.5 * long,
    color: [tint(), tint(), tint()],
    roughness: random.next() * random.uniform(0, 60),
    grain: random.uniform(3, 30) / side,
    slope: random.uniform(-40, 40),
  };
}

/** Whether a point, relative to the center, lies on the leaf. */
function covers({ shape, axis, long, short }: Leaf, dx: number, dy: number): boolean {
  const u = (dx * axis[0] + dy * axis[1]) / long;
  const v = (dy * axis[0] - dx * axis[1]) / short;
  if (shape === 'disk') return u * u + v * v <= 1;
  if (shape === 'box') return Math.abs(u) <= 1 && Math.abs(v) <= 1;
  return u >= -1 && Math.abs(v) <= (1 - u) / 2;
}

function lightOf(leaf: Leaf, noise: NoiseField, x: number, y: number): number {
  const along = ((x - leaf.x) * leaf.axis[0] + (y - leaf.y) * leaf.axis[1]) / leaf.long;
  return leaf.roughness * noise.at(x * leaf.grain, y * leaf.grain) + leaf.slope * along;
}
