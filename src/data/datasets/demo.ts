/**
 * The built-in data set: generated white blood cells, for trying everything without a download. Synthetic: metrics measured
 * on it say nothing about real cells.
 */
import { RandomStream } from '../../../runtime/index.ts';
import { Stream } from '../../base/randomStreams.ts';
import { type DatasetSpec, PLAIN_STATISTICS } from '../dataset.ts';
import { fitted } from '../fit.ts';
import { type CellKind, drawBloodCell } from '../generated/bloodCell.ts';
import { type ImageSet, type LoadedDataset, packImages, type RgbImage } from '../imageSet.ts';
import type { LoadOptions } from '../request.ts';

const CLASSES: CellKind[] = ['Basophil', 'Eosinophil', 'Lymphocyte', 'Monocyte', 'Neutrophil'];

export const demo: DatasetSpec<'demo'> = {
  name: 'demo',
  title: 'Demo',
  summary: 'generated blood cells, five classes: needs no download; synthetic',
  classes: CLASSES,
  defaultNormal: 'Eosinophil',
  size: 32,
  recipe: (preset) => ({ scale: [0.5, 1], lambda: 1, ...(preset === 'tiny' ? { epochs: 12 } : {}) }),
  statistics: PLAIN_STATISTICS,
  trainedWith: 'any', // to show the training is what it is for
  source: { draw: drawDemo, image: demoImage },
};

/** Images per class. */
export const DEMO_COUNTS = { train: 112, test: 40 } as const;

/** First random index of each part. Every image has its own index, so images are independent. */
const FIRST_INDEX = { train: 0, test: 0x8000_0000 } as const;
const INDICES_PER_CLASS = 0x1_0000;

/** Both parts, drawn from the seed at 48x48 pixels, then fitted to the input size. */
export async function drawDemo(options: LoadOptions): Promise<LoadedDataset> {
  const [train, test] = [await drawPart('train', options), await drawPart('test', options)];
  return { train, test, skipped: [], sampleBits: null };
}

async function drawPart(part: PartName, { seed, inputSize, watch, onProgress }: LoadOptions): Promise<ImageSet> {
  const count = DEMO_COUNTS[part];
  const total = count * CLASSES.length;
  const indices = Array.from({ length: total }, (_, i) => ({ label: Math.floor(i / count), nth: i % count }));
  const images: RgbImage[] = [];
  for (const { label, nth } of indices) {
    await watch?.look(`demo ${part} was drawn`);
    images.push(fitted(draw(part, label, nth, seed), inputSize, 'crop'));
  }
  onProgress?.(`demo ${part}`, total, total);
  return {
    name: `demo ${part}`,
    synthetic: true,
    classes: [...CLASSES],
    images: await packImages(images),
    labels: Int32Array.from(indices, ({ label }) => label),
    paths: indices.map(({ label, nth }) => pathOf(part, label, nth)),
  };
}

type PartName = keyof typeof DEMO_COUNTS;

function draw(part: PartName, label: number, nth: number, seed: number): RgbImage {
  const index = FIRST_INDEX[part] + label * INDICES_PER_CLASS + nth;
  return drawBloodCell(CLASSES[label], new RandomStream(seed, Stream.demoData, index));
}

const pathOf = (part: PartName, label: number, nth: number): string =>
  `${part}/${CLASSES[label]}/${String(nth).padStart(3, '0')}`;

/** Individual images at their original size: the first `count` training images of each class. */
export function demoExamples(count: number, seed: number): { path: string; className: string; image: RgbImage }[] {
  return CLASSES.flatMap((className, label) =>
    Array.from({ length: count }, (_, nth) => ({
      path: pathOf('train', label, nth),
      className,
      image: draw('train', label, nth, seed),
    })),
  );
}

/** The image at `path` in a set with this seed; null if there is none. */
function demoImage(path: string, seed: number): RgbImage | null {
  const [part, className, nth] = path.split('/');
  const label = (CLASSES as string[]).indexOf(className);
  if (!Object.hasOwn(DEMO_COUNTS, part) || label < 0 || !/^\d{3}$/.test(nth ?? '')) return null;
  return Number(nth) < DEMO_COUNTS[part as PartName] ? draw(part as PartName, label, Number(nth), seed) : null;
}
