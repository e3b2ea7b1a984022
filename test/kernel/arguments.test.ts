/** Invalid calls are refused before any launch; errors name the function, the argument and what is accepted. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { openTestContext } from '../helpers/adapter.ts';

let context: rt.Context;
let x: rt.Tensor;
let launches: ReturnType<typeof vi.spyOn>;
beforeAll(async () => {
  context = await openTestContext();
  x = context.tensor([1, 2, 3, 4], [2, 2]);
  launches = vi.spyOn(context, 'launch');
});
beforeEach(() => {
  launches.mockClear();
});
afterAll(() => context.close());

/** The error of a call, which must not launch anything. */
function refusal(call: () => unknown): rt.OeclError {
  let caught: unknown;
  try {
    call();
  } catch (error) {
    caught = error;
  }
  expect(launches).not.toHaveBeenCalled();
  expect(caught).toBeInstanceOf(rt.OeclError);
  expect((caught as rt.OeclError).message).not.toMatch(/internal/);
  return caught as rt.OeclError;
}

const any = (value: unknown) => value as never;

test.each<[string, () => unknown, RegExp, RegExp]>([
  [
    'conv2d',
    () => rt.conv2d(image(), image(), any({ dilation: 2 })),
    /no option "dilation"/,
    /one of bias, stride, padding/,
  ],
  ['conv2d', () => rt.conv2d(image(), image(), any({ strides: 2 })), /no option "strides"/, /stride/],
  [
    'maxPool2d',
    () => rt.maxPool2d(image(), any({ kernelSize: 2 })),
    /no option "kernelSize"/,
    /kernel, stride, padding/,
  ],
  ['avgPool2d', () => rt.avgPool2d(image(), any({ kernel: 1, ceilMode: true })), /"ceilMode"/, /kernel/],
  ['sum', () => rt.sum(x, [1], any({ keepdim: true })), /no option "keepdim"/, /keepDims/],
  ['mean', () => rt.mean(x, [1], any({ keepdim: true })), /no option "keepdim"/, /keepDims/],
  ['matmul', () => rt.matmul(x, x, any({ transpose: true })), /no option "transpose"/, /transposeA, transposeB/],
  ['ntXent', () => rt.ntXent(x, any({ temperature: 1, tau: 1 })), /no option "tau"/, /temperature/],
  ['batchNorm', () => rt.batchNorm(x, normal(), any({ training: true, epsilon: 1 })), /no option "epsilon"/, /eps/],
  ['map', () => rt.map('a', [x], any({ type: 'f32' })), /no option "type"/, /dtype/],
  ['tensor', () => context.tensor([1], [1], any({ type: 'f32' })), /no option "type"/, /dtype, order/],
  ['SGD', () => new rt.SGD([x], any({ learningRate: x, dampening: 1 })), /no option "dampening"/, /momentum/],
  ['LARS', () => new rt.LARS([x], any({ learningRate: x, eta: 1 })), /no option "eta"/, /trustCoefficient/],
  ['Adam', () => new rt.Adam([x], any({ learningRate: x, beta1: 1 })), /no option "beta1"/, /betas/],
  [
    'Conv2d',
    () => new rt.Conv2d(new rt.Initializer(context, 1, 1), 1, 1, 1, any({ dilation: 2 })),
    /no option "dilation"/,
    /stride/,
  ],
])('%s: an option that it does not have', (name, call, got, remedy) => {
  const { sentence, remedy: known } = refusal(call);
  expect(sentence).toMatch(new RegExp(`^${name}: `));
  expect(sentence).toMatch(got);
  expect(known).toMatch(remedy);
});

const image = () => context.tensor([1, 2, 3, 4], [1, 1, 2, 2]);
const normal = () => ({ weight: row(), bias: row(), runningMean: row(), runningVar: row() });
const row = () => context.tensor([1, 1], [2]);

test.each<[string, () => unknown, RegExp]>([
  [
    'padding: same',
    () => rt.conv2d(image(), image(), any({ padding: 'same' })),
    /conv2d: padding is "same", expected a number, two as \[vertical/,
  ],
  [
    'dtype: float32',
    () => context.tensor([1], [1], any({ dtype: 'float32' })),
    /tensor: dtype is "float32", expected one of f32, f16, u32, u8/,
  ],
  ['cast to float', () => rt.cast(x, any('float')), /cast: dtype is "float", expected one of f32, f16, u32, u8/],
  ['a number for a tensor', () => rt.add(x, any(2)), /add: b is 2, expected a tensor/],
  ['nothing for a tensor', () => rt.relu(any(undefined)), /relu: x is undefined, expected a tensor/],
  [
    'a tensor for options',
    () => rt.conv2d(image(), image(), any(x)),
    /conv2d: options is a tensor \[2, 2\], expected an object/,
  ],
  ['a number for axes', () => rt.sum(x, any(1)), /sum: axes is 1, expected an array of numbers/],
  ['an axis that is not there', () => rt.sum(x, [2]), /sum: axes \[2\] are not distinct axes of a tensor of rank 2/],
  [
    'one argument more than expected',
    () => (rt.softmax as (...args: unknown[]) => unknown)(x, 0),
    /softmax: unexpected argument 0/,
  ],
  [
    'an object for an axis',
    () => rt.concat([x, x], any({ axis: 1 })),
    /concat: axis is an object \{ axis \}, expected a number/,
  ],
  ['a factor that is none', () => rt.scale(x, Number.NaN), /scale: factor is NaN, expected a finite number/],
  ['a factor beyond f32', () => rt.scale(x, 1e39), /scale: factor is 1e\+39, expected a finite number/],
  ['five inputs', () => rt.map('a', [x, x, x, x, x]), /map: 5 inputs, expected one to 4/],
  [
    'a shape of strings',
    () => context.tensor([1], any(['1'])),
    /tensor: shape is \["1"\], expected an array of numbers/,
  ],
  [
    'reshape to negative sides',
    () => rt.reshape(x, [-2, -2]),
    /reshape: sides that are not whole numbers of at least 1/,
  ],
  ['expand to parts of a side', () => rt.expand(row(), [1.5, 2]), /expand: sides that are not whole numbers/],
  ['expand to a negative side', () => rt.expand(row(), [-1, 2]), /expand: sides that are not whole numbers/],
  ['expand to nothing', () => rt.expand(row(), [0, 2]), /expand: an empty tensor, \[0, 2\]/],
  ['split into parts of a side', () => rt.split(row(), [0.5, 1.5]), /split: sides that are not whole numbers/],
  [
    'a slice from half an element',
    () => rt.slice(row(), 0, 0.5, 2),
    /slice: \[0\.5, 2\) is not inside axis 0 of \[2\]/,
  ],
  ['full of nothing', () => context.full([2], any(undefined)), /full: value is undefined, expected a number/],
  ['full of a string', () => context.full([2], any('3')), /full: value is "3", expected a number/],
  [
    'u8 beyond its range',
    () => context.tensor([1, 300], [2], { dtype: 'u8' }),
    /write: 300 at 1, expected .* 0 to 255/,
  ],
  ['u8 of a fraction', () => context.tensor([1.5], [1], { dtype: 'u8' }), /write: 1\.5 at 0, expected whole numbers/],
  [
    'u32 of a negative',
    () => context.tensor(Int32Array.of(-1), [1], { dtype: 'u32' }),
    /write: -1 at 0, .* 4294967295/,
  ],
  ['no shape', () => context.tensor([1], any(undefined)), /tensor: shape is undefined/],
  ['nested values', () => context.tensor(any([[1, 2]]), [2]), /write: the values are nested arrays/],
  ['strings', () => context.tensor(any(['1', '2']), [2]), /write: the values are of type string/],
  ['64-bit integers', () => context.tensor(any(BigInt64Array.of(1n)), [1]), /write: the values are BigInt64Array/],
  ['an async scope', () => context.scope(async () => x), /scope: its body is async/],
  [
    'full of a number in u32',
    () => context.full([1], 2, { dtype: 'u32' }),
    /full: a tensor of u32 can only be filled with 0, not 2/,
  ],
  ['more bytes than numbers can count', () => context.zeros([2 ** 40, 2 ** 40]), /needs .* MiB in one binding/],
])('%s', (_, call, sentence) => {
  expect(refusal(call).sentence).toMatch(sentence);
});

test('a second backward() of a loss says that its tape is gone', () => {
  const weights = context.tensor([1, 2], [2]);
  weights.requiresGrad = true;
  const loss = rt.sum(rt.square(weights));
  rt.backward(loss);
  launches.mockClear();
  expect(refusal(() => rt.backward(loss))).toMatchObject({
    sentence: expect.stringMatching(/^backward: the loss has no tape: its gradients were computed before/),
    remedy: 'compute the loss again before each backward()',
  });
});

test('openContext and gradCheck name an option that they do not have', async () => {
  const platform = any({ requestAdapter: () => Promise.reject(new Error('not reached')) });
  await expect(rt.openContext(platform, any({ device: 'gpu' }))).rejects.toThrow(
    /openContext: there is no option "device"/,
  );
  const options = { op: rt.relu, reference: (y: unknown) => y, inputs: [], tolerance: 1, eps: 1 };
  await expect(rt.gradCheck(context, any(options))).rejects.toThrow(/gradCheck: there is no option "eps"/);
});

test('a tensor that was disposed, and one of a scope that has ended', () => {
  const gone = context.tensor([1], [1]);
  gone.dispose();
  let kept!: rt.Tensor;
  context.scope(() => {
    kept = context.tensor([1], [1]);
  });
  for (const each of [gone, kept])
    expect(refusal(() => rt.add(x, each)).sentence).toMatch(
      /^add: b: a tensor \[1\] was used after dispose\(\), or after the scope/,
    );
});

describe('integers', () => {
  const u32 = () => context.tensor([1, 2, 3, 4], [2, 2], { dtype: 'u32' });
  const u8 = () => context.tensor([1, 2, 3, 4], [1, 1, 2, 2], { dtype: 'u8' });

  test.each<[string, () => unknown, string]>([
    ['add', () => rt.add(u32(), x), 'a is u32'],
    ['mul', () => rt.mul(x, u32()), 'b is u32'],
    ['relu', () => rt.relu(u32()), 'x is u32'],
    ['mean', () => rt.mean(u8()), 'x is u8'],
    ['matmul', () => rt.matmul(x, u32()), 'b is u32'],
    ['linear', () => rt.linear(x, x, context.tensor([1, 2], [2], { dtype: 'u32' })), 'bias is u32'],
    ['conv2d', () => rt.conv2d(u8(), image()), 'input is u8'],
    ['maxPool2d', () => rt.maxPool2d(u8(), { kernel: 2 }), 'input is u8'],
    ['softmax', () => rt.softmax(u32()), 'x is u32'],
    ['l2Normalize', () => rt.l2Normalize(u32()), 'x is u32'],
    ['ntXent', () => rt.ntXent(u32(), { temperature: 1 }), 'features is u32'],
    ['batchNorm', () => rt.batchNorm(u32(), normal(), { training: true }), 'input is u32'],
    ['SGD', () => new rt.SGD([u32()], { learningRate: x }), 'parameters[0] is u32'],
  ])('%s refuses them, and names cast', (name, call, got) => {
    const { sentence, remedy } = refusal(call);
    expect(sentence).toBe(`${name}: ${got}, expected f32 or f16.`);
    expect(remedy).toBe("cast(x, 'f32')");
  });

  test('views and copies of u32 keep their bits', async () => {
    const bits = [0x7f800001, 0xffffffff, 1, 0x80000000, 5, 6];
    const y = rt.reshape(rt.transpose(context.tensor(bits, [2, 3], { dtype: 'u32' })), [6]);
    expect([y.dtype, ...(await y.read())]).toEqual(['u32', ...[0, 3, 1, 4, 2, 5].map((i) => bits[i])]);
  });
});

describe('cast', () => {
  const cast = async (values: number[], from: rt.DType, to: rt.DType, shape = [values.length]) =>
    Array.from(await context.scope(() => rt.cast(context.tensor(values, shape, { dtype: from }), to)).read());

  test('integers to f32 are exact up to 2^24', async () => {
    expect(await cast([0, 1, 255, 65535, 2 ** 24], 'u32', 'f32')).toEqual([0, 1, 255, 65535, 2 ** 24]);
    expect(await cast([0, 1, 2, 127, 128, 255, 7], 'u8', 'f32')).toEqual([0, 1, 2, 127, 128, 255, 7]);
    const [large] = await cast([2 ** 32 - 1], 'u32', 'f32');
    expect([2 ** 32, 2 ** 32 - 256]).toContain(large);
  });

  test('f32 to integers truncates and clamps', async () => {
    const values = [-1, 0, 0.99, 1.5, 255.9, 256, 300, 1e10, Number.NaN, Infinity, -Infinity];
    expect(await cast(values, 'f32', 'u32')).toEqual([0, 0, 0, 1, 255, 256, 300, 4294967295, 0, 4294967295, 0]);
    expect(await cast(values, 'f32', 'u8')).toEqual([0, 0, 0, 1, 255, 255, 255, 255, 0, 255, 0]);
    expect(await cast([1, 300, 2 ** 31], 'u32', 'u8')).toEqual([1, 255, 255]);
    expect(await cast([1, 255, 0, 9, 8], 'u8', 'u32')).toEqual([1, 255, 0, 9, 8]);
  });

  test('a view in the middle of a word, and one of other strides', async () => {
    const bytes = context.tensor([1, 2, 3, 4, 5, 6, 7, 8], [4, 2], { dtype: 'u8' });
    expect(Array.from(await rt.cast(rt.slice(bytes, 1, 1, 2), 'f32').read())).toEqual([2, 4, 6, 8]);
    expect(Array.from(await rt.cast(rt.transpose(bytes), 'f32').read())).toEqual([1, 3, 5, 7, 2, 4, 6, 8]);
  });

  test('to f16 and back', async (t) => {
    if (!context.features.f16) t.skip('the adapter has no feature "shader-f16"');
    expect(await cast([1, 2, 2049], 'u32', 'f16')).toEqual([1, 2, 2048]);
    expect(await cast([1.5, 300], 'f16', 'u8')).toEqual([1, 255]);
  });
});

test('two contexts in one op: refused, and both still compute', async () => {
  const other = await openTestContext();
  const [a, b] = [context.tensor([1, 2], [2]), other.tensor([3, 4], [2])];
  for (const call of [() => rt.add(a, b), () => rt.concat([a, b]), () => rt.conv2d(image(), image(), { bias: b })])
    expect(refusal(call).sentence).toMatch(/its inputs belong to different contexts/);
  expect(() => context.copy(b, a)).toThrow(/a tensor of another context/);
  expect(Array.from(await rt.add(a, a).read())).toEqual([2, 4]);
  expect(Array.from(await rt.add(b, b).read())).toEqual([6, 8]);
  await other.close();
});

test('an input that was disposed of before backward: the error names the op that reads it', () => {
  const [a, b] = [context.tensor([1, 2], [2]), context.tensor([3, 4], [2])];
  a.requiresGrad = true;
  for (const [name, op] of Object.entries({ mul: rt.mul, div: rt.div, maximum: rt.maximum })) {
    const other = rt.scale(b, 2);
    const loss = rt.sum(op(a, other));
    other.dispose();
    expect(() => rt.backward(loss)).toThrow(
      new RegExp(`^${name}: inputs\\[\\d\\]: a tensor \\[2\\] was used after dispose`),
    );
  }
});

test('a recording inside a recording, and a plan after dispose()', async () => {
  const nested = context.record(() => {
    context.record(() => rt.relu(x));
    return rt.relu(x);
  });
  await expect(nested).rejects.toThrow('record: a step is being recorded already.');
  const plan = await context.record(() => rt.relu(x));
  plan.outputs.dispose();
  plan.dispose();
  plan.dispose();
  expect(() => plan.run()).toThrow('a plan was used after dispose().');
});
