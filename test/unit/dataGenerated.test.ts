import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../runtime/index.ts';
import { DEMO_COUNTS, drawDemo } from '../../src/data/datasets/demo.ts';
import { leafRadius, loadDeadLeaves, RADII } from '../../src/data/generated/deadLeaves.ts';
import { type ImageSet, imageAt } from '../../src/data/imageSet.ts';
import { packSide } from '../../src/data/resize.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const imageHashes = ({ images }: ImageSet) =>
  Array.from({ length: images.count }, (_, i) => sha256(imageAt(images, i).pixels));
const options = { inputSize: 32, seed: 0 };

const { train, test: tests } = await drawDemo(options);
const leaves = await loadDeadLeaves(options, 40);

describe('demo', () => {
  test('has five classes of equal size, is labeled synthetic, and has no two equal images', () => {
    for (const [set, part] of [
      [train, 'train'],
      [tests, 'test'],
    ] as const) {
      expect(set.synthetic).toBe(true);
      expect(set.classes).toEqual(['Basophil', 'Eosinophil', 'Lymphocyte', 'Monocyte', 'Neutrophil']);
      for (let label = 0; label < 5; label++) {
        expect(set.labels.filter((each) => each === label)).toHaveLength(DEMO_COUNTS[part]);
      }
      expect(set.paths[0]).toBe(`${part}/Basophil/000`);
      expect(new Set(set.images.widths)).toEqual(new Set([packSide(32)]));
    }
    const hashes = [...imageHashes(train), ...imageHashes(tests)];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('the same bytes in every version and on every machine', () => {
    expect(sha256(train.images.pixels)).toBe('66d1a093bd2635be59465d4ac285df24670e9340fc08d542e3ca054e91415959');
    expect(sha256(tests.images.pixels)).toBe('112ab6e7ab65249d0bac5d61b80e50c9912cc5304de4cce2adc7a5376204ac05');
  });

  test('another seed draws different cells', async () => {
    const other = await drawDemo({ ...options, seed: 1 });
    const own = new Set(imageHashes(train));
    expect(imageHashes(other.train).filter((hash) => own.has(hash))).toEqual([]);
  });
});

describe('dead leaves', () => {
  const set = leaves;

  test('the bytes are the same in every version and on every machine; an image does not depend on the number of images', async () => {
    expect(sha256(set.images.pixels)).toBe('d57cb0857b4a8a8ce3500999cd38ce546999e433f996f99824771e0c301dc293');
    expect(imageHashes(await loadDeadLeaves(options, 7))).toEqual(imageHashes(set).slice(0, 7));
    expect(imageHashes(await loadDeadLeaves({ ...options, seed: 1 }, 7))).not.toContain(imageHashes(set)[0]);
  });

  test('are labeled synthetic, all differ, and cover every pixel', () => {
    expect(set).toMatchObject({ synthetic: true, classes: ['dead-leaves'] });
    expect(new Set(imageHashes(set)).size).toBe(40);
    for (let i = 0; i < set.images.count; i++) {
      const { width, height, pixels } = imageAt(set.images, i);
      expect([width, height]).toEqual([packSide(32), packSide(32)]);
      expect(new Set(pixels).size, `image ${i} has more than a few colors`).toBeGreaterThan(20);
    }
  });

  test('sizes follow 1 / r^3 between the smallest and the largest leaf', () => {
    const { smallest, largest } = RADII;
    expect(leafRadius(0)).toBeCloseTo(smallest, 12);
    expect(leafRadius(1)).toBeCloseTo(largest, 12);
    // the share of leaves below r: the integral of 1 / r^3 from the smallest, over the whole integral
    const below = (r: number) => (smallest ** -2 - r ** -2) / (smallest ** -2 - largest ** -2);
    const random = new RandomStream(5, 1);
    const radii = Array.from({ length: 20_000 }, () => leafRadius(random.next()));
    for (const r of [0.08, 0.1, 0.15, 0.3, 0.5]) {
      const share = radii.filter((radius) => radius < r).length / radii.length;
      const deviation = Math.sqrt((below(r) * (1 - below(r))) / radii.length);
      expect(Math.abs(share - below(r)), `radius ${r}`).toBeLessThan(4 * deviation);
    }
  });
});
