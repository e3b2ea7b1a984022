/** --freeze: the stages of each architecture, what is trained, and the values that options and stored runs have. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, SGD, square, sum } from '../../runtime/index.ts';
import { configJson, resolveConfig, storedConfig } from '../../src/config/config.ts';
import { checkedTrainOptions } from '../../src/library/trainArguments.ts';
import { Encoder, type EncoderOptions } from '../../src/models/encoder.ts';
import { stateDict } from '../../src/models/stateDict.ts';
import { ARCHITECTURES } from '../../src/models/table.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { uniformInput } from '../helpers/inputs.ts';

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(() => context.close());

const encoderOf = (options: Partial<EncoderOptions>) =>
  new Encoder(context, { arch: 'resnet10', width: 2, size: 8, seed: 3, ...options });

/** Names of the parameters that training changes. */
function trainedNames(encoder: Encoder): string[] {
  const trained = new Set(encoder.trainedParameters());
  return encoder.namedParameters().flatMap(([name, tensor]) => (trained.has(tensor) ? [name] : []));
}

describe.each(ARCHITECTURES.map(({ name, stages }) => ({ arch: name, stages })))('$arch', ({ arch, stages }) => {
  test('its last stage is the end of the backbone: as many stages as it has are all', () => {
    const of = (frozen: number | 'all') => trainedNames(encoderOf({ arch, frozen }));
    expect(of(stages)).toEqual(of('all'));
    expect(of('all').filter((name) => !name.startsWith('head.'))).toEqual([]);
    expect(of(0)).toEqual(
      encoderOf({ arch })
        .namedParameters()
        .map(([name]) => name),
    );
    const counts = Array.from({ length: stages + 1 }, (_, stage) => of(stage).length);
    expect(counts).toEqual([...new Set(counts)].sort((a, b) => b - a));
  });
});

test('the first stage of a ResNet has the stem', () => {
  const names = trainedNames(encoderOf({ arch: 'resnet18', frozen: 2 }));
  expect(names[0]).toBe('backbone.layer3.0.conv1.weight');
});

test('a step leaves parameters and running statistics of frozen stages as they are, bit for bit', async () => {
  const encoder = encoderOf({ frozen: 2 });
  const before = await stateDict(encoder);
  const optimizer = new SGD(encoder.trainedParameters(), { learningRate: context.tensor([0.1], []) });
  const images = uniformInput([4, 3, 8, 8], { low: -2, high: 2 });
  const { projection } = encoder.outputs(context.tensor(images.values, images.shape), true);
  optimizer.minimize(sum(square(projection)));
  const after = await stateDict(encoder);
  const isFrozen = (name: string) => /^backbone\.(conv1|bn1|layer1|layer2)\./.test(name);
  const moved = Object.keys(before).filter((name) => after[name].data.join() !== before[name].data.join());
  expect(moved.filter(isFrozen)).toEqual([]);
  const isRunning = (name: string) => /running_(mean|var)$/.test(name);
  const others = Object.keys(before).filter((name) => !isFrozen(name));
  expect(moved.filter(isRunning)).toEqual(others.filter(isRunning));
  expect(moved).toContain('backbone.layer3.0.conv1.weight');
  expect(moved).toContain('head.3.weight');
});

describe('values', () => {
  test('numbers, and all', () => {
    expect(checkedTrainOptions({ freeze: 2 })).toEqual({ freeze: 2 });
    expect(checkedTrainOptions({ freeze: 'all' })).toEqual({ freeze: 'all' });
    expect(() => checkedTrainOptions({ freeze: true as never })).toThrow(
      /options\.freeze: got true, expected a whole number of 0 or more, or all/,
    );
  });

  test('more stages than the backbone has are refused', () => {
    expect(() => resolveConfig({ arch: 'resnet50', freeze: 5 }, { isSoftware: true })).toThrow(
      /--arch resnet50 --freeze 5: its backbone has 4 stages[\s\S]*--freeze with 0 to 4, or --freeze all/,
    );
  });

  test.each([
    [true, 'all'],
    [false, 0],
  ])('a stored run whose freeze is %s, as once, opens with %s', (stored, freeze) => {
    const json = { ...JSON.parse(configJson(resolveConfig({}, { isSoftware: true }))), freeze: stored };
    expect(storedConfig(json, 'config.json').freeze).toBe(freeze);
  });
});
