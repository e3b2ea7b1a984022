/**
 * The same image has a bit-identical score: alone, in batches of any size, in any order, beside other images and copies
 * of itself, from a folder or from bytes. The same training images give the same weights, whatever their names.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../runtime/index.ts';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { type ConfigChoices, resolveConfig } from '../../src/config/config.ts';
import { type ImageSet, packImages, type RgbImage } from '../../src/data/imageSet.ts';
import type { GivenImage } from '../../src/library/givenImages.ts';
import { libraryFor } from '../../src/library/library.ts';
import { stateDict, weightsSha256 } from '../../src/models/stateDict.ts';
import { evaluate, fitToTraining } from '../../src/runs/evaluate.ts';
import { networkOf } from '../../src/runs/network.ts';
import { scoresOf } from '../../src/scores/table.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { noiseImage } from '../helpers/augmentation.ts';
import { folderOf, platformWithCache } from '../helpers/imageFolders.ts';
import { bmpFile } from '../helpers/tinyRun.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

const configOf = (choices: ConfigChoices) =>
  resolveConfig({ preset: 'tiny', arch: 'resnet10', width: 4, size: 16, views: 2, ...choices }, { isSoftware: true });

async function setOf(images: readonly RgbImage[]): Promise<ImageSet> {
  const paths = images.map((_, i) => `${i}`);
  const labels = new Int32Array(images.length);
  return { name: 'set', synthetic: false, classes: ['image'], images: await packImages(images), labels, paths };
}

/** Images of several sizes, as in a folder of photographs. */
const images = Array.from({ length: 16 }, (_, i) => noiseImage(18 + (i % 3), 18, i));

describe('scores of a pass', () => {
  test.each([
    { width: 4, size: 16, views: 2 }, // 42 images per pass
    { width: 8, size: 19, views: 32 }, // 3 images per pass
  ])(
    'width $width, $size pixels, $views views: scores are the same alone, in threes and in sixteens',
    async (choices) => {
      const config = configOf(choices);
      const encoder = networkOf(context, config);
      const set = await setOf(images);
      const training = [0, 4, 8, 12, 5];
      const states = (await fitToTraining(context, encoder, set, training, config))!;
      expect(await fitToTraining(context, encoder, set, training.toReversed(), config)).toEqual(states);
      const scored = async (indices: readonly number[], from = set) => {
        const table = (await evaluate(context, encoder, from, indices, config, { states }))!;
        expect(Object.keys(table)).toEqual(scoresOf(config.method).map(({ name }) => name));
        return indices.map((_, i) => Object.values(table).map((column) => column[i]));
      };
      const all = await scored([...images.keys()]);
      expect(new Set(all.map((scores) => scores.join())).size).toBe(images.length);
      for (const indices of [[5], [15], [2, 9, 14], [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]) {
        expect(await scored(indices), `${indices}`).toEqual(indices.map((index) => all[index]));
      }
      const withCopies = await setOf([images[3], images[7], images[3], noiseImage(30, 22)]);
      const [first, other, copy] = await scored([0, 1, 2, 3], withCopies);
      expect([first, other, copy]).toEqual([all[3], all[7], all[3]]);
    },
  );
});

describe('scores of the library', () => {
  const files = Object.fromEntries(
    [3, 1, 4].map((n) => [`${n}.bmp`, bmpFile(20, 18, (x, y) => [(x * n * 13) % 256, (y * 29) % 256, 40 * n])]),
  );

  test('are the same from a folder, a renamed file, beside a new file, from bytes in any order, and in an open scorer', async () => {
    const platform = await platformWithCache();
    const library = libraryFor({ runtime: nodeRuntimePlatform, files: platform, where: 'node' });
    const config = configOf({ adapter: process.env.OECL_TEST_ADAPTER });
    const model = { config, state: await stateDict(networkOf(context, config)), file: 'model.safetensors' };
    const scorer = await library.openScorer(model, { adapter: process.env.OECL_TEST_ADAPTER });
    try {
      const scored = async (given: string | readonly GivenImage[]) => {
        const { scores } = await scorer.score(given);
        return Object.fromEntries(scores.map(({ image, ...values }) => [image, values]));
      };
      const folder = await folderOf(files);
      const known = await scored(folder);
      expect(Object.keys(known)).toEqual(['1.bmp', '3.bmp', '4.bmp']);
      expect(new Set(Object.values(known).map(({ normEnsemble }) => normEnsemble)).size).toBe(3);

      await writeFile(
        join(folder, '0.bmp'),
        bmpFile(31, 17, (x) => [x, 8 * x, 90]),
      );
      expect(await scored(folder)).toMatchObject(known);
      await rename(join(folder, '1.bmp'), join(folder, '9.bmp'));
      const { '1.bmp': renamed, ...others } = known;
      expect(await scored(folder)).toMatchObject({ ...others, '9.bmp': renamed });

      const given = Object.entries(files).map(([name, bytes]) => ({ name, bytes }));
      expect(await scored(given)).toEqual(known);
      expect(await scored(given.toReversed())).toEqual(known);
      const [first] = given;
      expect(await scored([first])).toEqual({ [first.name]: known[first.name] });
      const { scores } = await library.score(model, [first], { adapter: process.env.OECL_TEST_ADAPTER });
      expect(scores).toEqual([{ image: first.name, ...known[first.name] }]);
    } finally {
      await scorer.close();
    }
  });
});

describe('weights', () => {
  /** Two steps of training. @param normal, outliers in the order of the files */
  async function trained(normal: readonly RgbImage[], outliers: readonly RgbImage[]) {
    const config = configOf({ batch: 3, epochs: 2, warmup: 0 });
    const encoder = networkOf(context, config);
    const sets = { normal: await setOf([noiseImage(5, 5), ...normal]), outliers: await setOf(outliers) };
    const indices = normal.map((_, i) => 1 + i); // the first belongs to an untrained class
    const trainer = new Trainer(context, encoder, { ...sets, indices }, config);
    await trainer.record();
    const steps = [await trainer.run(0), await trainer.run(1)];
    const weights = await weightsSha256(await stateDict(encoder));
    trainer.dispose();
    return { steps, weights };
  }

  test('do not depend on the order of the files, including copies', async () => {
    const normal = [...images.slice(0, 5), images[2], images[2]];
    const outliers = [...images.slice(8, 12), images[9]];
    const first = await trained(normal, outliers);
    expect(await trained(normal.toReversed(), [...outliers.slice(2), ...outliers.slice(0, 2)])).toEqual(first);
    expect((await trained(normal.with(6, images[3]), outliers)).weights).not.toBe(first.weights);
  });
});
