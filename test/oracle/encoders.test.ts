/** Architectures and heads: outputs against f64, parameters by number and name (docs/methods.md 1.5, 1.7 and 3). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../runtime/index.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { Encoder, type EncoderOptions } from '../../src/models/encoder.ts';
import type { ArchitectureName } from '../../src/models/table.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { f64 } from '../helpers/reference.ts';
import { cnn32F64, mobilenetF64, resnetF64, wideResnetF64 } from '../helpers/referenceNetwork.ts';
import { kolmogorovSmirnov, normalCdf } from '../helpers/statistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(() => context.close());

const encoderOf = (options: Partial<EncoderOptions>) =>
  new Encoder(context, { arch: 'cnn32', width: 2, size: 8, seed: 3, ...options });
const countOf = (encoder: Encoder) => encoder.namedParameters().reduce((sum, [, { size }]) => sum + size, 0);
const namesOf = (encoder: Encoder) => encoder.namedParameters().map(([name]) => name);

interface DefinedNetwork {
  arch: ArchitectureName;
  width: number;
  size?: number;
  /** Of the output. */
  features?: number;
  isBiasFree: boolean;
  reference: typeof cnn32F64;
}

test.each<DefinedNetwork>([
  { arch: 'cnn32', width: 2, isBiasFree: false, reference: cnn32F64 },
  { arch: 'cnn32', width: 2, isBiasFree: true, reference: cnn32F64 },
  { arch: 'wrn10-4', width: 2, isBiasFree: false, reference: wideResnetF64 },
  { arch: 'resnet18-cbam', width: 4, isBiasFree: false, reference: resnetF64 },
  { arch: 'resnet34', width: 2, features: 16, isBiasFree: false, reference: resnetF64 },
  { arch: 'resnet50', width: 2, size: 16, features: 64, isBiasFree: false, reference: resnetF64 },
  { arch: 'mobilenetv2', width: 4, size: 19, features: 48, isBiasFree: false, reference: mobilenetF64 },
])('$arch computes its definition, bias-free: $isBiasFree', async (network) => {
  const { arch, width, size = 8, features = 32, isBiasFree, reference } = network;
  const encoder = encoderOf({ arch, width, size, network: { projection: 'none', isBiasFree } });
  const images = uniformInput([3, 3, size, size], { low: -2, high: 2 });
  const { projection } = context.noGrad(() => encoder.outputs(context.tensor(images.values, images.shape), true));
  const parameters = await Promise.all(
    encoder.namedParameters().map(async ([name, tensor]) => [name, f64(tensor.shape, await tensor.read())] as const),
  );
  const expected = reference(Object.fromEntries(parameters), f64(images.shape, images.values));
  expect(projection.shape).toEqual([3, features]);
  expectClose(await projection.read(), expected.data, tolerance.network);
});

describe('cnn32', () => {
  test('has the parameters of the publication at width 32', () => {
    const backbone = encoderOf({ width: 32, size: 32, network: { projection: 'none' } });
    // 5x5 convolutions 3-32-64-128, two values per channel in batch norms, linear 2048-512 with bias
    expect(countOf(backbone)).toBe(25 * (3 * 32 + 32 * 64 + 64 * 128) + 2 * (32 + 64 + 128 + 512) + 2048 * 512 + 512);
  });

  test('takes sides that are multiples of 8', () => {
    expect(() => resolveConfig({ arch: 'cnn32', size: 36 }, { isSoftware: true })).toThrow(
      /--arch cnn32 --size 36: [\s\S]*multiple of 8[\s\S]*--size 40/,
    );
  });
});

test('networks without biases have weights of convolutions and linear layers only', () => {
  for (const arch of ['resnet10', 'cnn32', 'wrn10-4'] as const) {
    const network = { isBiasFree: true, isCentered: true, logits: { shift: 4 } };
    const encoder = encoderOf({ arch, network });
    expect(
      namesOf(encoder).filter((name) => !/((conv\d|fc1|shortcut(\.0)?|head\.\d|logits\.shift)\.weight)$/.test(name)),
    ).toEqual([]);
    expect(encoder.namedBuffers().map(([name]) => name)).toContain('center');
  }
});

test('logits of the projection see its features, those of the backbone its output', () => {
  const shapes = (logitsOf: 'backbone' | 'projection') => {
    const network = { projection: 'linear', features: 6, logits: { outlier: 1 }, logitsOf } as const;
    const parameters = Object.fromEntries(encoderOf({ network }).namedParameters());
    return [parameters['head.weight'].shape, parameters['logits.outlier.weight'].shape];
  };
  expect(shapes('backbone')).toEqual([
    [6, 32],
    [1, 32],
  ]);
  expect(shapes('projection')).toEqual([
    [6, 32],
    [1, 6],
  ]);
});

test('kaiming-normal draws convolutions from N(0, 2 / fan out), and leaves linear layers as they are', async () => {
  const of = async (init: 'uniform' | 'kaiming-normal', name: string) => {
    const encoder = encoderOf({ arch: 'resnet10', width: 16, init });
    const [, tensor] = encoder.namedParameters().find(([each]) => each === name)!;
    return { values: [...(await tensor.read())], shape: tensor.shape };
  };
  const { values, shape } = await of('kaiming-normal', 'backbone.layer3.0.conv1.weight');
  const deviation = Math.sqrt(2 / (shape[0] * shape[2] * shape[3]));
  const distance = kolmogorovSmirnov(values, (x) => normalCdf(x / deviation));
  expect(distance * Math.sqrt(values.length)).toBeLessThan(2.7); // once in a million
  expect(await of('kaiming-normal', 'head.0.weight')).toEqual(await of('uniform', 'head.0.weight'));
});

test('projection heads have the names of PyTorch modules', () => {
  const head = (projection: 'mlp' | 'mlpWithoutNorm' | 'linear' | 'none') =>
    namesOf(encoderOf({ network: { projection } })).filter((name) => name.startsWith('head'));
  const both = (name: string) => [`${name}.weight`, `${name}.bias`];
  expect(head('mlp')).toEqual([...both('head.0'), ...both('head.1'), ...both('head.3')]);
  expect(head('mlpWithoutNorm')).toEqual([...both('head.0'), ...both('head.2')]);
  expect(head('linear')).toEqual(both('head'));
  expect(head('none')).toEqual([]);
});
