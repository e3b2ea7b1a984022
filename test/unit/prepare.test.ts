import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { imageAt } from '../../src/data/imageSet.ts';
import { prepare } from '../../src/runs/prepare.ts';
import { flatImage, folderOf, platformWithCache, summaryOf } from '../helpers/imageFolders.ts';

/** A record of CIFAR-10 identified by the first byte of its red plane. */
function record(label: number, shade: number): Buffer {
  const bytes = Buffer.alloc(3073, shade);
  bytes[0] = label;
  return bytes;
}
const [airplane, bird, cat] = [0, 2, 3];

async function prepared(testClass: string, labels: readonly number[]) {
  const data = await folderOf({
    'train/good/a.bmp': flatImage(1),
    'test/good/b.bmp': flatImage(2),
    [`test/${testClass}/c.bmp`]: flatImage(3),
  });
  const records = Buffer.concat(labels.map((label, i) => record(label, 10 + i)));
  const oe = `cifar10:${await folderOf({ 'data_batch_1.bin': records, 'test_batch.bin': record(0, 1) })}`;
  const notes: string[] = [];
  const config = resolveConfig({ dataset: 'folder', method: 'oecl', data, oe, size: 16 }, { isSoftware: true });
  const ready = await prepare(await platformWithCache(), config, { onNote: (text) => notes.push(text) });
  return { outliers: ready.outliers!, notes: notes.filter((text) => text.startsWith('--oe')), known: ready.notes, oe };
}

test('outlier-exposure images of a tested class are left out, and a note says how many', async () => {
  const { outliers, notes, known, oe } = await prepared('Cat', [airplane, cat, bird, cat]);
  expect(summaryOf(outliers)).toEqual(['airplane data_batch_1.bin#0 10', 'bird data_batch_1.bin#2 12']);
  expect(imageAt(outliers.images, 1).pixels).toHaveLength(3072);
  expect(notes).toEqual([`--oe ${oe}: 2 images of classes that are tested are left out`]);
  expect(known).toEqual(expect.arrayContaining(notes)); // in the report as well
});

test('all other classes are kept; it is an error if none is left', async () => {
  const { outliers, notes } = await prepared('scratch', [airplane, cat]);
  expect([outliers.images.count, notes]).toEqual([2, []]);
  await expect(prepared('cat', [cat, cat])).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/all of its classes are among those that are tested[\s\S]*good, cat|cat, good/),
  });
});
