/** --init FILE: what follows from a file, what is said about it, and what is said about a wrong one. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, encodeSafetensors, type SafetensorsTensor } from '../../runtime/index.ts';
import { parseCall } from '../../src/cli/parse.ts';
import { trainCommand } from '../../src/cli/trainCommand.ts';
import { augmentOptions, type ConfigChoices, resolveConfig } from '../../src/config/config.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { decodeWeights, weightsNote } from '../../src/models/weights.ts';
import { initialize, weightsNetwork } from '../../src/runs/initialWeights.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { below, fileOf, type ResNetStateOptions, resnetState } from '../helpers/resnetState.ts';
import { testFiles } from '../helpers/tinyRun.ts';

let context: Context;
let folder: string;
beforeAll(async () => {
  context = await openTestContext();
  folder = await mkdtemp(join(tmpdir(), 'oecl-weights-'));
});
afterAll(() => context.close());

const TINY = { blocks: [1, 1, 1, 1], width: 2 } as const;
const decoded = (state: Partial<ResNetStateOptions> = {}, prefix = '', metadata?: Record<string, string>) =>
  decodeWeights(fileOf(below(prefix, resnetState({ ...TINY, ...state })), metadata), 'a.safetensors');

describe('what follows from a file', () => {
  const configOf = (choices: ConfigChoices, weights: ReturnType<typeof decoded>) =>
    resolveConfig(
      { dataset: 'demo', preset: 'tiny', method: 'oecl', init: 'a.safetensors', ...choices },
      { isSoftware: true },
      weights.network,
    );

  test('architecture, width, a side for its first convolution, and the normalization of ImageNet', () => {
    const weights = decoded({ blocks: [3, 4, 6, 3], hasBottlenecks: true, width: 6 });
    const config = configOf({}, weights);
    expect(config).toMatchObject({ arch: 'resnet50', width: 6, size: 96, normalize: 'imagenet', freeze: 0 });
    expect(augmentOptions(config)).toMatchObject({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    expect(configOf({ preset: 'paper', dataset: 'folder' }, weights).size).toBe(224);
    expect(configOf({ normalize: 'none', size: 128 }, weights)).toMatchObject({ normalize: 'none', size: 128 });
  });

  test('of networks for small images, and of the authors, the normalization stays that of the data set', () => {
    const small = decoded({ stem: 3, shortcut: 'shortcut' });
    expect(configOf({ preset: 'paper', dataset: 'folder' }, small)).toMatchObject({ size: 32, normalize: 'dataset' });
    expect(configOf({}, decoded({}, 'module.backbone.')).normalize).toBe('dataset');
  });

  test("of a run's own model, the side and the normalization of the run", () => {
    const metadata = { arch: 'resnet10', width: '2', size: '80', normalize: 'none' };
    const config = configOf({}, decoded({}, 'backbone.', metadata));
    expect(config).toMatchObject({ arch: 'resnet10', width: 2, size: 80, normalize: 'none' });
  });

  test.each<[ConfigChoices, RegExp]>([
    [
      { arch: 'resnet18' },
      /--init a\.safetensors --arch resnet18 --width 2: its weights are of another network[\s\S]*--arch resnet10/,
    ],
    [{ width: 64 }, /--arch resnet10 --width 64: its weights[\s\S]*--width 2, which/],
    [
      { size: 64 },
      /--init a\.safetensors --size 64: its first convolution is that of networks for larger images[\s\S]*--size 96, or another side above 64/,
    ],
  ])('%j is refused beside it', (choices, message) => {
    expect(() => configOf(choices, decoded())).toThrow(message);
  });

  test('stages are counted once the architecture of the file is known', () => {
    const choices = { init: 'a.safetensors', freeze: 5 };
    expect(() => configOf(choices, decoded())).toThrow(/--arch resnet10 --freeze 5: its backbone has 4 stages/);
    expect(resolveConfig(choices, { isSoftware: true }).freeze).toBe(5); // as --resume does, for the folder's name
  });

  test('a large side is refused beside a network for small images', () => {
    expect(() => configOf({ size: 96 }, decoded({ stem: 3 }))).toThrow(
      /smaller images[\s\S]*--size 32, or another side up to 64/,
    );
  });
});

test('what fits, what is left out and what is new is counted', () => {
  const weights = decoded();
  const encoder = new Encoder(context, { arch: 'resnet10', width: 2, size: 65, seed: 1 });
  const names = [...encoder.namedParameters(), ...encoder.namedBuffers()].map(([name]) => name);
  // 12 convolutions and their batch norms: a weight each, and weight, bias, mean, variance and counter
  expect(weightsNote(weights, 'a.safetensors', names)).toBe(
    'a.safetensors: resnet10, 2 channels wide, by the names of torchvision and timm; 60 tensors fit, ' +
      '14 (num_batches_tracked, fc) left out, 8 (head) of the network new',
  );
  expect(weightsNote(decoded({}, 'module.backbone.'), 'a', names)).toMatch(
    /by the names of the authors' code; 60 .* 14 \(/,
  );
});

describe('a wrong file is refused with what it seems to be', () => {
  const text = (content: string) => new TextEncoder().encode(content);
  const bytes = (...values: number[]) => Uint8Array.from([...values, ...new Uint8Array(600)]);
  const named = (...names: string[]) =>
    encodeSafetensors(
      Object.fromEntries(names.map((name) => [name, { dtype: 'F32', shape: [1], data: Float32Array.of(1) }])),
    );
  const resnet = (state: Partial<ResNetStateOptions>) => fileOf(resnetState({ ...TINY, ...state }));
  const deep = { blocks: [3, 4, 6, 3], hasBottlenecks: true } as const;

  test.each<[string, string, Uint8Array, RegExp]>([
    [
      'a zip of PyTorch',
      'x/r18.pth',
      text(`PK\x03\x04........archive/data.pkl`),
      /PyTorch's own format[\s\S]*--init x\/r18\.safetensors after python3 -c "import torch[\s\S]*torch\.load\('x\/r18\.pth'[\s\S]*save_file\(/,
    ],
    [
      'an older file of PyTorch',
      'r18.pt',
      bytes(0x80, 2, 0x8a, 10),
      /PyTorch's own format[\s\S]*--init r18\.safetensors after/,
    ],
    ['ONNX by its bytes', 'a.safetensors', bytes(8, 7, 0x12, 7), /seems to be ONNX/],
    ['ONNX by its name', 'a.onnx', bytes(0x3a, 1), /seems to be ONNX/],
    ['GGUF', 'a.gguf', text('GGUF\x03...............'), /seems to be GGUF/],
    ['HDF5', 'a.h5', bytes(0x89, 0x48, 0x44, 0x46), /seems to be HDF5/],
    [
      'a pointer of Git LFS',
      'a.safetensors',
      text('version https://git-lfs.github.com/spec/v1\noid'),
      /pointer of Git LFS[\s\S]*git lfs pull/,
    ],
    ['a page', 'a.safetensors', text('<!DOCTYPE html><html>'), /a page of the web/],
    ['nothing', 'a.safetensors', new Uint8Array(0), /seems to be empty/],
    ['noise', 'a.safetensors', bytes(1, 2, 3, 4, 5, 6, 7, 8, 9), /seems to be no safetensors file/],
    ['a truncated file', 'a.safetensors', fileOf(resnetState(TINY)).subarray(0, -8), /it is truncated/],
    [
      'a vision transformer',
      'a.safetensors',
      named('cls_token', 'blocks.0.attn.qkv.weight'),
      /seems to hold a vision transformer/,
    ],
    [
      'one of torchvision',
      'a.safetensors',
      named('encoder.layers.encoder_layer_0.ln_1.weight'),
      /a vision transformer/,
    ],
    ['a language model', 'a.safetensors', named('model.layers.0.self_attn.q_proj.weight'), /a language model/],
    ["transformers' ResNet", 'a.safetensors', named('resnet.embedder.embedder.convolution.weight'), /Hugging Face/],
    [
      'something else',
      'a.safetensors',
      named('w1', 'w2'),
      /another network than the ones known here \(w1, w2, \.\.\.\)/,
    ],
    ['no tensors', 'a.safetensors', named(), /seems to hold no tensors/],
    [
      'a ResNet-101',
      'a.safetensors',
      resnet({ ...deep, blocks: [3, 4, 23, 3] }),
      /a ResNet of 3, 4, 23, 3 bottleneck blocks\./,
    ],
    [
      'a ResNeXt',
      'a.safetensors',
      resnet({ ...deep, middle: { widen: 2, groups: 2 } }),
      /grouped convolutions, a ResNeXt/,
    ],
    [
      'a wide ResNet',
      'a.safetensors',
      resnet({ ...deep, middle: { widen: 2 } }),
      /4 channels after a stem of 2, a wide ResNet/,
    ],
    ['another stem', 'a.safetensors', resnet({ stem: 5 }), /whose first convolution is 5x5/],
  ])('%s', (_, file, content, message) => {
    expect(() => decodeWeights(content, file)).toThrow(message);
  });

  const encoder = (network = {}) => new Encoder(context, { arch: 'resnet10', width: 2, size: 65, seed: 1, network });
  const start = (state: ReturnType<typeof resnetState>, network = {}) => {
    const { tensors } = decodeWeights(fileOf(state), 'a.safetensors');
    initialize(encoder(network), { tensors, file: 'a.safetensors', note: () => null });
  };

  test('other shapes, missing and additional tensors, and values that are not numbers', () => {
    const state = resnetState(TINY);
    const { 'layer2.0.bn1.running_mean': _, ...incomplete } = state;
    expect(() => start(incomplete)).toThrow(
      /a\.safetensors: it is of another architecture[\s\S]*layer2\.0\.bn1\.running_mean: found none, expected \[4\]/,
    );
    const weight: SafetensorsTensor = { dtype: 'F32', shape: [4, 2, 1, 1], data: new Float32Array(8) };
    const narrow = { ...state, 'layer2.0.conv1.weight': weight };
    expect(() => start(narrow)).toThrow(/layer2\.0\.conv1\.weight: found \[4, 2, 1, 1\], expected \[4, 2, 3, 3\]/);
    const attended = { ...state, 'layer1.0.se.fc1.weight': state['bn1.weight'] };
    expect(() => start(attended)).toThrow(
      /resnet10 has no place for 1 of its tensors[\s\S]*layer1\.0\.se\.fc1\.weight/,
    );
    const bias: SafetensorsTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, Number.NaN) };
    const broken = { ...state, 'bn1.bias': bias };
    expect(() => start(broken)).toThrow(/bn1\.bias has the value NaN/);
  });

  test('a network without biases', () => {
    expect(() => start(resnetState(TINY), { isBiasFree: true })).toThrow(
      /no place for 24 of its tensors[\s\S]*another method/,
    );
  });
});

describe('--init', () => {
  const initOf = (text: string) => parseCall(trainCommand, ['--init', text]).values.init;

  test('takes paths, whatever their ending, and words in any spelling', () => {
    for (const path of ['a.safetensors', 'x.pth', 'models/resnet18', 'C:\\x.onnx']) expect(initOf(path)).toBe(path);
    expect(initOf('Builtin')).toBe('builtin');
    expect(() => initOf('built')).toThrow(
      /expected one of uniform, kaiming-normal, builtin, or a \.safetensors file[\s\S]*--init builtin/,
    );
  });

  test('is read through the platform, and a file that is not there is named', async () => {
    const file = join(folder, 'r10.safetensors');
    await writeFile(file, fileOf(resnetState(TINY)));
    expect(await weightsNetwork(testFiles(), { init: file })).toMatchObject({ arch: 'resnet10', width: 2 });
    expect(await weightsNetwork(testFiles(), { init: 'uniform' })).toBeNull();
    await expect(weightsNetwork(testFiles(), { init: join(folder, 'no.safetensors') })).rejects.toThrow(
      /--init .*no\.safetensors: there is no such file[\s\S]*uniform, kaiming-normal, builtin/,
    );
  });
});
