/**
 * The encoders of docs/methods.md 3 in f64, batch norm in training unless there are running statistics. Written from the
 * description, by parameter name.
 */
import type { F64Array } from '../../runtime/gradcheck/gradCheck.ts';
import { conv2dF64, elementwiseF64, globalAvgPool2dF64, linearF64, maxPool2dF64, reshapeF64 } from './reference.ts';
import { type BatchNormF64Options, batchNormF64 } from './referenceStatistics.ts';

export type ParametersF64 = Readonly<Record<string, F64Array>>;

/** Batch norm by name: with the running statistics, if there are any, otherwise those of the batch. */
function normF64(p: ParametersF64, name: string, x: F64Array, options: BatchNormF64Options = {}): F64Array {
  const [mean, variance] = [p[`${name}.running_mean`], p[`${name}.running_var`]];
  const running = mean && variance ? { mean, variance } : undefined;
  return batchNormF64(x, p[`${name}.weight`], p[`${name}.bias`], { running, ...options });
}

/**
 * relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)), of which the first convolution has the stride; of three convolutions
 * the second has it.
 */
function residualBlockF64(p: ParametersF64, name: string, x: F64Array, stride: number): F64Array {
  const weight = (part: string) => p[`${name}.${part}.weight`];
  const norm = (part: string, input: F64Array, options?: BatchNormF64Options) =>
    normF64(p, `${name}.${part}`, input, options);
  const shortcut = ['shortcut', 'downsample'].find((part) => weight(`${part}.0`));
  const residual = shortcut ? norm(`${shortcut}.1`, conv2dF64(x, weight(`${shortcut}.0`), { stride })) : x;
  if (weight('conv3')) {
    const narrow = norm('bn1', conv2dF64(x, weight('conv1')), { relu: true });
    const hidden = norm('bn2', conv2dF64(narrow, weight('conv2'), { stride, padding: 1 }), { relu: true });
    return norm('bn3', conv2dF64(hidden, weight('conv3')), { residual, relu: true });
  }
  const hidden = norm('bn1', conv2dF64(x, weight('conv1'), { stride, padding: 1 }), { relu: true });
  const second = conv2dF64(hidden, weight('conv2'), { padding: 1 });
  const attention = `${name}.cbam`;
  if (!p[`${attention}.ChannelGate.mlp.1.weight`]) return norm('bn2', second, { residual, relu: true });
  const attended = cbamF64(p, attention, norm('bn2', second));
  return elementwiseF64((a, b) => Math.max(0, a + b))(attended, residual);
}

/** x times a gate per channel, then times a gate per pixel (Woo et al. 2018, eq. 1 to 3). [N, C, H, W]. */
export function cbamF64(p: ParametersF64, name: string, x: F64Array): F64Array {
  const [N, C, H, W] = x.shape;
  const area = H * W;
  const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
  const channel = (n: number, c: number) => x.data.subarray((n * C + c) * area, (n * C + c + 1) * area);
  const gate = (layer: string) => `${name}.ChannelGate.mlp.${layer}`;
  const mlp = (values: number[]) => {
    const input = { shape: [1, C], data: Float64Array.from(values) };
    const hidden = linearF64(input, p[`${gate('1')}.weight`], p[`${gate('1')}.bias`]);
    const active = elementwiseF64((a) => Math.max(0, a))(hidden);
    return linearF64(active, p[`${gate('3')}.weight`], p[`${gate('3')}.bias`]).data;
  };
  const gated = new Float64Array(x.data.length);
  const maps = new Float64Array(N * 2 * area);
  for (let n = 0; n < N; n++) {
    const channels = Array.from({ length: C }, (_, c) => channel(n, c));
    const ofMean = mlp(channels.map((values) => values.reduce((sum, value) => sum + value, 0) / area));
    const ofMaximum = mlp(channels.map((values) => Math.max(...values)));
    channels.forEach((values, c) => {
      gated.set(
        values.map((value) => value * sigmoid(ofMean[c] + ofMaximum[c])),
        (n * C + c) * area,
      );
    });
    for (let at = 0; at < area; at++) {
      const pixel = channels.map((_, c) => gated[(n * C + c) * area + at]);
      maps[2 * n * area + at] = Math.max(...pixel);
      maps[(2 * n + 1) * area + at] = pixel.reduce((sum, value) => sum + value, 0) / C;
    }
  }
  const spatial = (layer: string) => p[`${name}.SpatialGate.spatial.${layer}`];
  const convolved = conv2dF64({ shape: [N, 2, H, W], data: maps }, spatial('conv.weight'), { padding: 3 });
  const normalized = batchNormF64(convolved, spatial('bn.weight'), spatial('bn.bias'));
  const data = gated.map((value, at) => {
    const n = Math.floor(at / (C * area));
    return value * sigmoid(normalized.data[n * area + (at % area)]);
  });
  return { shape: [...x.shape], data };
}

/** The backbone, with as many blocks as there are weights, and the stem of the first one's side: [N, 3, S, S] -> [N, C]. */
export const resnetF64 = (p: ParametersF64, images: F64Array): F64Array =>
  globalAvgPool2dF64(resnetStagesF64(p, images)[3]);

/** The outputs of its four stages. */
export function resnetStagesF64(p: ParametersF64, images: F64Array): F64Array[] {
  const weight = p['backbone.conv1.weight'];
  const isLarge = weight.shape[2] === 7;
  const stem = conv2dF64(images, weight, isLarge ? { stride: 2, padding: 3 } : { padding: 1 });
  let x = normF64(p, 'backbone.bn1', stem, { relu: true });
  if (isLarge) x = maxPool2dF64(x, { kernel: 3, stride: 2, padding: 1 });
  return [1, 2, 3, 4].map((stage) => {
    for (let block = 0; p[`backbone.layer${stage}.${block}.conv1.weight`]; block++) {
      x = residualBlockF64(p, `backbone.layer${stage}.${block}`, x, stage > 1 && block === 0 ? 2 : 1);
    }
    return x;
  });
}

/** [N, 3, S, S] -> [N, features]. */
export function resnet10F64(p: ParametersF64, images: F64Array): F64Array {
  const hidden = linearF64(resnetF64(p, images), p['head.0.weight'], p['head.0.bias']);
  return linearF64(
    batchNormF64(hidden, p['head.1.weight'], p['head.1.bias'], { relu: true }),
    p['head.3.weight'],
    p['head.3.bias'],
  );
}

/** The backbone CNN32 of docs/methods.md 3 in f64, batch norm in training: [N, 3, S, S] -> [N, 16 width]. */
export function cnn32F64(p: ParametersF64, images: F64Array): F64Array {
  const leaky = elementwiseF64((a) => (a > 0 ? a : 0.01 * a));
  const ones = (x: F64Array, value: number): F64Array => ({
    shape: [x.shape[1]],
    data: new Float64Array(x.shape[1]).fill(value),
  });
  const norm = (name: string, x: F64Array) =>
    batchNormF64(x, p[`${name}.weight`] ?? ones(x, 1), p[`${name}.bias`] ?? ones(x, 0), { eps: 1e-4 });
  let x = images;
  for (const i of [1, 2, 3]) {
    const hidden = leaky(norm(`backbone.bn${i}`, conv2dF64(x, p[`backbone.conv${i}.weight`], { padding: 2 })));
    x = maxPool2dF64(hidden, { kernel: 2, stride: 2 });
  }
  const flat = reshapeF64(x, [x.shape[0], x.data.length / x.shape[0]]);
  return leaky(norm('backbone.bn4', linearF64(flat, p['backbone.fc1.weight'], p['backbone.fc1.bias'])));
}

/** The backbone WRN-10-4 of docs/methods.md 3 in f64, batch norm in training: [N, 3, S, S] -> [N, 16 width]. */
export function wideResnetF64(p: ParametersF64, images: F64Array): F64Array {
  const add = elementwiseF64((a, b) => a + b);
  const active = (name: string, x: F64Array) => batchNormF64(x, p[`${name}.weight`], p[`${name}.bias`], { relu: true });
  let x = conv2dF64(images, p['backbone.conv1.weight'], { padding: 1 });
  for (const [i, stride] of [1, 2, 2].entries()) {
    const name = `backbone.block${i + 1}`;
    const first = active(`${name}.bn1`, x);
    const second = active(`${name}.bn2`, conv2dF64(first, p[`${name}.conv1.weight`], { stride, padding: 1 }));
    const shortcut = conv2dF64(first, p[`${name}.shortcut.weight`], { stride });
    x = add(conv2dF64(second, p[`${name}.conv2.weight`], { padding: 1 }), shortcut);
  }
  return globalAvgPool2dF64(active('backbone.bn1', x));
}

/**
 * MobileNetV2 to block 12 (docs/methods.md 3), batch norm in training: of blocks 5, 9 and 12 the means, then the deviations.
 * [N, 3, S, S] -> [N, 12 width].
 */
export function mobilenetF64(p: ParametersF64, images: F64Array): F64Array {
  const norm = (name: string, x: F64Array) =>
    batchNormF64(x, p[`backbone.${name}.weight`], p[`backbone.${name}.bias`], { eps: 1e-3 });
  const relu6 = elementwiseF64((a) => Math.min(6, Math.max(0, a)));
  const weight = (name: string) => p[`backbone.${name}.weight`];
  /** "Same" padding: what makes ceil(side / 2) outputs, the odd pixel after the image. */
  const halving = (side: number) => {
    const all = (Math.ceil(side / 2) - 1) * 2 + 3 - side;
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  };
  const same = (x: F64Array, stride: number) => (stride === 1 ? 1 : [...halving(x.shape[2]), ...halving(x.shape[3])]);
  let x = relu6(norm('bn_Conv1', conv2dF64(images, weight('Conv1'), { stride: 2, padding: same(images, 2) })));
  const strides = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1];
  const tapped: F64Array[] = [];
  for (const [index, stride] of strides.entries()) {
    const name = index === 0 ? 'expanded_conv' : `block_${index}`;
    const expand = weight(`${name}.expand`);
    const wide = expand ? relu6(norm(`${name}.expand_BN`, conv2dF64(x, expand))) : x;
    const options = { stride, padding: same(wide, stride), groups: wide.shape[1] };
    const filtered = relu6(norm(`${name}.depthwise_BN`, conv2dF64(wide, weight(`${name}.depthwise`), options)));
    const y = norm(`${name}.project_BN`, conv2dF64(filtered, weight(`${name}.project`)));
    const isSame = y.shape.every((side, axis) => side === x.shape[axis]);
    x = isSame && stride === 1 ? elementwiseF64((a, b) => a + b)(x, y) : y;
    if ([5, 9, 12].includes(index)) tapped.push(x);
  }
  const rows = Array.from({ length: images.shape[0] }, (_, n) => tapped.flatMap((each) => momentsOf(each, n)));
  return { shape: [rows.length, rows[0].length], data: Float64Array.from(rows.flat()) };
}

/** The means of the channels of an image over its pixels, then the deviations. */
function momentsOf({ shape: [, C, H, W], data }: F64Array, n: number): number[] {
  const moments = Array.from({ length: C }, (_, c) => {
    const values = data.subarray((n * C + c) * H * W, (n * C + c + 1) * H * W);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(Math.max(variance, 1e-6)) };
  });
  return [...moments.map(({ mean }) => mean), ...moments.map(({ deviation }) => deviation)];
}
