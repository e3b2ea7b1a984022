import { type DatasetSpec, PLAIN_STATISTICS } from '../../../src/data/dataset.ts';
import { type ImageSet, packImages, type RgbImage } from '../../../src/data/imageSet.ts';

const CLASSES = ['dark', 'light'];
const SIDE = 16;

export const toyDataset: DatasetSpec<'toy-set'> = {
  name: 'toy-set',
  title: 'Toy set',
  summary: 'the summary of the toy set',
  classes: CLASSES,
  defaultNormal: 'dark',
  size: SIDE,
  recipe: () => ({ scale: [0.5, 1], epochs: 3, batch: 2, width: 4 }),
  statistics: PLAIN_STATISTICS,
  source: {
    draw: async () => ({ train: await part('train', 4), test: await part('test', 2), skipped: [], sampleBits: null }),
    image: (path) => draw(Number(path)),
  },
};

async function part(name: string, perClass: number): Promise<ImageSet> {
  const numbers = Array.from({ length: perClass * CLASSES.length }, (_, i) => i + (name === 'test' ? 50 : 0));
  return {
    name: `toy-set ${name}`,
    synthetic: true,
    classes: CLASSES,
    images: await packImages(numbers.map(draw)),
    labels: Int32Array.from(numbers, (number) => number % CLASSES.length),
    paths: numbers.map(String),
  };
}

function draw(number: number): RgbImage {
  const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, at) => (at * (number + 3)) % 97);
  return { width: SIDE, height: SIDE, pixels: number % 2 === 0 ? pixels : pixels.map((value) => value + 120) };
}
