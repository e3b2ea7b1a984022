/** Wrong arguments to the library: each error names the argument, what was received and what is expected. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors, OeclError, openContext } from '../../runtime/index.ts';
import { checkedImages, type GivenImages } from '../../src/library/givenImages.ts';
import { libraryFor } from '../../src/library/library.ts';
import type { TrainedModel } from '../../src/library/model.ts';
import { TINY_MODEL } from '../helpers/tinyModel.ts';
import { testFiles } from '../helpers/tinyRun.ts';

/** Refused calls must never request an adapter. */
const runtime = { requestAdapter: () => Promise.reject(new Error('an adapter was asked for')) };
const { train, loadModel, openScorer, score } = libraryFor({ runtime, files: testFiles(), where: 'node' });
const model: TrainedModel = { config: TINY_MODEL, state: {}, file: 'model.safetensors' };

const EMPTY = {};
const DATE = new Date(0);
const PROMISE = Promise.resolve();
const NONE: unknown[] = [];

/** Values that a JavaScript program may pass anywhere. */
const JUNK = [undefined, null, 5, Number.NaN, '', true, NONE, EMPTY, () => 1, Symbol('x'), 7n, DATE, PROMISE];
const isJunkFor = (accepted: unknown[]) => JUNK.filter((value) => !accepted.some((each) => Object.is(each, value)));
const outcome = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call();
  } catch (error) {
    return error;
  }
};

type Call = [name: string, call: (value: never) => unknown, harmless?: unknown[]];
const CALLS: Call[] = [
  ['train: options', (value) => train(value), [EMPTY]],
  ['train: hooks', (value) => train({}, value), [undefined, EMPTY]],
  ['loadModel: source', (value) => loadModel(value)],
  ['openScorer: model', (value) => openScorer(value)],
  ['openScorer: options', (value) => openScorer(model, value), [undefined, EMPTY]],
  ['score: model', (value) => score(value, 'x')],
  ['score: images', (value) => score(model, value), [NONE]],
  ['score: images[1]', (value) => score(model, ['x', value])],
  ['score: images[0].bytes', (value) => score(model, [{ name: 'x', bytes: value }])],
  ['score: images[0].name', (value) => score(model, [{ name: value, bytes: new Uint8Array(1) }]), ['']],
  [
    'score: images[0].width',
    (value) => score(model, [{ name: 'x', width: value, height: 1, pixels: new Uint8Array(3) }]),
    [5],
  ],
  ['score: images[0].pixels', (value) => score(model, [{ name: 'x', width: 1, height: 1, pixels: value }])],
  ['score: options', (value) => score(model, 'x', value), [undefined, EMPTY]],
  ['decodeSafetensors', (value) => decodeSafetensors(value)],
  ['encodeSafetensors: tensors', (value) => encodeSafetensors(value), [EMPTY, DATE, PROMISE]],
  ['openContext', (value) => openContext(value)],
];

test.each(CALLS)(
  '%s refuses anything else with an error that names it, never with an internal TypeError',
  async (name, call, harmless = []) => {
    const junk = isJunkFor(harmless);
    expect(junk.length).toBeGreaterThan(8);
    for (const value of junk) {
      const error = await outcome(() => call(value as never));
      expect(error, String(value)).toBeInstanceOf(OeclError);
      expect((error as Error).message.slice(0, name.length)).toBe(name);
      expect((error as Error).message).toMatch(/got .*expected /);
    }
  },
);

describe('messages', () => {
  const pixels = new Uint8Array(1200);
  const cases: [words: RegExp, call: () => unknown][] = [
    [
      /^train: options\.epoch: there is no such option\.[\s\S]*known {2}dataset,[\s\S]*Remedy: epochs$/,
      () => train({ epoch: 3 } as never),
    ],
    [/^train: options\.where: there is no such option/, () => train({ where: 'chrome' } as never)],
    [/^train: options\.json: there is no such option/, () => train({ json: true } as never)],
    [/^train: options\.onStep: there is no such option[\s\S]*it is a hook/, () => train({ onStep() {} } as never)],
    [
      /^train: options\.epochs: got the number NaN, expected a whole number of 1 or more\.$/,
      () => train({ epochs: Number.NaN }),
    ],
    [/^--epochs 0: expected a whole number of 1 or more/, () => train({ epochs: 0 })],
    [/^train: options\.oe: got null, expected a string \(SOURCE\)/, () => train({ oe: null } as never)],
    [
      /^train: options\.normal: got an array of 2, expected a string \(CLASS\)/,
      () => train({ normal: ['a', 'b'] } as never),
    ],
    [
      /^train: options\.skipBad: got the string "yes", expected true or false/,
      () => train({ skipBad: 'yes' } as never),
    ],
    [/^--dataset nope: expected one of/, () => train({ dataset: 'nope' as never })],
    [/^--scale 0\.5: expected LOW,HIGH/, () => train({ scale: [0.5] as never })],
    [/^train: hooks\.onstep: there is no such option[\s\S]*Remedy: onStep$/, () => train({}, { onstep() {} } as never)],
    [/^train: hooks\.onStep: got the number 1, expected a function/, () => train({}, { onStep: 1 } as never)],
    [
      /^train: hooks\.signal: got an AbortController, expected an AbortSignal/,
      () => train({}, { signal: new AbortController() } as never),
    ],
    [/^nowhere\/model\.safetensors: there is no such file/, () => loadModel('nowhere')],
    [
      /^loadModel: source: got a URL[\s\S]*Remedy: fetch it/,
      () => loadModel(new URL('https://example.org/model.safetensors')),
    ],
    [/^loadModel: source: got a Float32Array, expected the path/, () => loadModel(new Float32Array(2))],
    [/^model\.safetensors: it is truncated/, () => loadModel(new Blob([]))],
    [/^score: model: got a Promise[\s\S]*Remedy: await it first/, () => score(Promise.resolve(model) as never, 'x')],
    [
      /^score: options\.skipbad: there is no such option[\s\S]*Remedy: skipBad$/,
      () => score(model, 'x', { skipbad: true } as never),
    ],
    [
      /^score: options\.precision: got the string "f8", expected one of f32, f16/,
      () => score(model, 'x', { precision: 'f8' as never }),
    ],
    [/^score: images: got a Uint8Array[\s\S]*Remedy: these bytes with a name/, () => score(model, pixels as never)],
    [/^score: images\.name: got undefined, expected a string/, () => score(model, { bytes: pixels } as never)],
    [/^score: images\.width: got the number 20\.5/, () => score(model, { name: 'x', width: 20.5, height: 20, pixels })],
    [
      /^score: images\.pixels: got a Float32Array/,
      () => score(model, { name: 'x', width: 20, height: 20, pixels: new Float32Array(1200) as never }),
    ],
    [
      /^openContext: adapter is 5/,
      () => openContext({ requestAdapter: runtime.requestAdapter }, { adapter: 5 as never }),
    ],
    [
      /^encodeSafetensors: "a" has the type float32; this writes F64/,
      () => encodeSafetensors({ a: { dtype: 'float32' as never, shape: [1], data: new Float32Array(1) } }),
    ],
    [
      /^encodeSafetensors: "a" has a value of type Array for data/,
      () => encodeSafetensors({ a: { dtype: 'F32', shape: [1], data: [1] as never } }),
    ],
    [/^encodeSafetensors: "a" is null/, () => encodeSafetensors({ a: null as never })],
    [
      /^encodeSafetensors: metadata "epoch": got 3, expected a string/,
      () => encodeSafetensors({}, { epoch: 3 as never }),
    ],
  ];

  test.each(cases)('%s', async (words, call) => {
    const error = await outcome(call);
    expect(error).toBeInstanceOf(OeclError);
    expect((error as Error).message).toMatch(words);
  });
});

test('a folder without a run and a file that is no model are refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oecl-arguments-'));
  await writeFile(join(folder, 'a.png'), 'no model');
  const refusal = async (path: string) => ((await outcome(() => loadModel(path))) as Error).message;
  expect(await refusal(folder)).toBe(await refusal(`${folder}/`));
  expect(await refusal(folder)).toMatch(
    /oecl-arguments-\w+\/model\.safetensors: there is no such file[\s\S]*the folder of a finished run/,
  );
  expect(await refusal(join(folder, 'a.png'))).toMatch(/^\S+a\.png: /);
});

test('several images become an array, whatever collection they came in', () => {
  const list: GivenImages = ['a', { name: 'b', bytes: new Uint8Array(1) }];
  const checked = checkedImages(list);
  expect(checked).toEqual(list);
  expect(checked).not.toBe(list);
  expect(checkedImages(new Set(list))).toEqual(list);
  expect(checkedImages('a')).toBe('a');
});
