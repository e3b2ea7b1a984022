/** Models and images in every form that a program may have give the same weights and the same scores. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Context,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type SafetensorsTensor,
} from '../../runtime/index.ts';
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import type { GivenImages } from '../../src/library/givenImages.ts';
import { libraryFor } from '../../src/library/library.ts';
import type { Scorer } from '../../src/library/scorer.ts';
import type { ScoreOutcome } from '../../src/library/types.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { loadStateDict, stateDict } from '../../src/models/stateDict.ts';
import { encodePng } from '../../src/report/png.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { TINY_MODEL, tinyModelFile } from '../helpers/tinyModel.ts';
import { testFiles } from '../helpers/tinyRun.ts';

const { loadModel, openScorer } = libraryFor({ runtime: nodeRuntimePlatform, files: testFiles(), where: 'node' });

/** The same bytes in the middle of a longer buffer. */
function within(bytes: Uint8Array): ArrayBuffer {
  const longer = new Uint8Array(bytes.length + 22).fill(7);
  longer.set(bytes, 11);
  return longer.buffer;
}

let context: Context;
let file: Uint8Array<ArrayBuffer>;
let folder: string;

beforeAll(async () => {
  context = await openTestContext();
  file = new Uint8Array(await tinyModelFile(context));
  folder = await mkdtemp(join(tmpdir(), 'oecl-inputs-'));
});
afterAll(() => context.close());

describe('a model', () => {
  test('loads from a path, a URL, an ArrayBuffer, a view of one, a Buffer, a Blob', async () => {
    const path = join(folder, 'a model.SAFETENSORS');
    await writeFile(path, file);
    const forms = [
      ...[path, pathToFileURL(path), file, file.buffer, Buffer.from(file), new Blob([file])],
      ...[new Uint8Array(within(file), 11, file.length), new DataView(within(file), 11, file.length)],
    ];
    for (const form of forms) {
      const { state, config } = await loadModel(form);
      expect(state).toEqual(decodeSafetensors(file).tensors);
      expect(config).toMatchObject({ width: 4, size: 16, normal: 'stripes' });
    }
  });

  test('of another floating-point type is converted, and of integers is refused', async () => {
    const name = 'head.3.weight';
    const { tensors, metadata } = decodeSafetensors(file);
    const weights = tensors[name].data as Float32Array;
    const loaded = async (tensor: Pick<SafetensorsTensor, 'dtype' | 'data'>) => {
      const changed = { ...tensors, [name]: { ...tensor, shape: tensors[name].shape } };
      const { state } = await loadModel(encodeSafetensors(changed, metadata));
      const encoder = new Encoder(context, TINY_MODEL);
      loadStateDict(encoder, state, 'model.safetensors');
      return (await stateDict(encoder))[name].data;
    };
    expect(await loaded({ dtype: 'F64', data: Float64Array.from(weights) })).toEqual(weights);
    const words = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
    const upper = Uint16Array.from(words, (word) => word >>> 16);
    const cut = new Float32Array(Uint32Array.from(upper, (bits) => bits * 2 ** 16).buffer);
    expect(await loaded({ dtype: 'BF16', data: upper })).toEqual(cut);
    const halves = new Uint16Array(weights.length).fill(0x3555); // 1/3 in binary16
    expect(await loaded({ dtype: 'F16', data: halves })).toEqual(new Float32Array(weights.length).fill(0.333251953125));
    const integers = loaded({ dtype: 'I64', data: new BigInt64Array(weights.length) });
    await expect(integers).rejects.toThrow(FormatError);
    await expect(integers).rejects.toThrow(
      'model.safetensors: head.3.weight: got the type I64, expected one of F32, F64, F16, BF16.',
    );
  });
});

test('a model with the metadata of a wider network is refused before that network is built', async () => {
  const { tensors, metadata } = decodeSafetensors(file);
  const model = await loadModel(encodeSafetensors(tensors, { ...metadata, width: '512' }));
  await expect(openScorer(model, { adapter: process.env.OECL_TEST_ADAPTER })).rejects.toThrow(
    'model.safetensors: its network is 4 channels wide, its metadata say 512.',
  );
});

describe('an image', () => {
  const name = 'a.png';
  const pixels = Uint8Array.from({ length: 20 * 18 * 3 }, (_, i) => (i * 37) % 256);
  let scorer: Scorer;
  let png: Uint8Array<ArrayBuffer>;

  beforeAll(async () => {
    scorer = await openScorer(await loadModel(file), { adapter: process.env.OECL_TEST_ADAPTER });
    png = new Uint8Array(encodePng({ width: 20, height: 18, pixels }));
    await writeFile(join(folder, name), png);
  });
  afterAll(() => scorer.close());

  test('has one score as bytes of any kind, pixels, a File, a path or a URL, alone or in any collection', async () => {
    const path = join(folder, name);
    const named = { name, bytes: png };
    const plain = { name, width: 20, height: 18, pixels };
    const forms: GivenImages[] = [
      ...[png.buffer, Buffer.from(png), new Blob([png]), new DataView(within(png), 11, png.length)].map((bytes) => ({
        name,
        bytes,
      })),
      ...[named, [named], new Set([named]), new File([png], name), [new File([png], name)]],
      ...[plain, { ...plain, pixels: new Uint8ClampedArray(pixels) }],
      { ...plain, pixels: new Uint8Array(within(pixels), 11, pixels.length) },
      ...[path, [path], pathToFileURL(path)],
    ];
    const first = (await scorer.score([named])).scores[0];
    expect(first.norm).toBeGreaterThan(0);
    for (const form of forms) {
      const { scores } = await scorer.score(form);
      expect(scores).toEqual([{ ...first, image: expect.stringMatching(/a\.png$/) }]);
    }
  });

  test('that is missing, or has a wrong number of bytes for its size, is refused or listed', async () => {
    const nowhere = join(folder, 'nowhere.png');
    await expect(scorer.score(nowhere)).rejects.toThrow(`${nowhere}: there is no such file or folder.`);
    await expect(scorer.score([nowhere])).rejects.toThrow(`${nowhere}: it cannot be opened: there is no such file.`);
    await expect(scorer.score([folder])).rejects.toThrow(`${folder}: it cannot be opened: it is a folder.`);
    await expect(scorer.score([])).rejects.toThrow('there is no image to score.');
    const rgba = { name: 'rgba', width: 2, height: 2, pixels: new Uint8Array(16) };
    await expect(scorer.score(rgba)).rejects.toThrow('rgba: it has 16 bytes, expected 2 x 2 x 3 (R, G, B); are these');
    const { scores, skipped } = await scorer.score([nowhere, rgba, { name, bytes: png }], { skipBad: true });
    expect(scores.map(({ image }) => image)).toEqual([name]);
    expect(skipped.map(({ file }) => file)).toEqual([nowhere, 'rgba']);
  });

  test('scoreEach takes any number of files and folders in batches, with the scores of score', async () => {
    const path = join(folder, name);
    const broken = join(folder, 'broken.png');
    await writeFile(broken, 'no image');
    const paths = [...new Array<string>(257).fill(path), folder];
    const told: number[][] = [];
    const onProgress = (done: number, total: number) => told.push([done, total]);
    const parts: ScoreOutcome[] = [];
    for await (const part of scorer.scoreEach(paths, { skipBad: true, onProgress })) parts.push(part);
    expect(parts.map(({ scores }) => scores.length)).toEqual([256, 2]);
    expect(parts.flatMap(({ skipped }) => skipped.map(({ file }) => file))).toEqual([broken]);
    const [first, ...others] = parts.flatMap(({ scores }) => scores);
    expect(first).toEqual((await scorer.score(path)).scores[0]);
    for (const other of others) expect(other).toEqual(first);
    expect([told[0], told.at(-1)]).toEqual([
      [0, 259],
      [258, 259],
    ]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).toSorted((a, b) => a - b));
    const all = parts.flatMap(({ notes }) => notes);
    expect(all).toEqual([expect.stringContaining('images have no cosineNorm, knn, knnEuclidean, mahalanobis')]);

    const drained = async (given: string[], options = {}) => {
      for await (const part of scorer.scoreEach(given, options)) if (part.interrupted) return 'interrupted';
      return 'whole';
    };
    expect(await drained([path], { signal: AbortSignal.abort() })).toBe('interrupted');
    await expect(drained([path, broken])).rejects.toThrow(`${broken}: it is not a JPEG, PNG or BMP file.`);
    await expect(drained([broken], { skipBad: true })).rejects.toThrow(/no image to score[\s\S]*broken\.png/);
    await expect(drained([join(folder, 'nowhere')])).rejects.toThrow('nowhere: there is no such file or folder.');
    await expect(drained([7 as never])).rejects.toThrow('scoreEach: paths[0]: got the number 7');
  });
});
