/**
 * The encoder of docs/methods.md 3 in f64: ResNet-10 (one block per stage) with the stem for small images and the
 * projection head, batch norm in training. Written from the description, by parameter name.
 */
import type { F64Array } from '../../runtime/gradcheck/gradCheck.ts';
import { conv2dF64, elementwiseF64, globalAvgPool2dF64, linearF64, maxPool2dF64, reshapeF64 } from './reference.ts';
import { batchNormF64 } from './referenceStatistics.ts';

export type ParametersF64 = Readonly<Record<string, F64Array>>;

/** relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)). */
function basicBlockF64(p: ParametersF64, name: string, x: F64Array, stride: number): F64Array {
  const of = (part: string) => p[`${name}.${part}`];
  const first = conv2dF64(x, of('conv1.weight'), { stride, padding: 1 });
  const hidden = batchNormF64(first, of('bn1.weight'), of('bn1.bias'), { relu: true });
  const second = conv2dF64(hidden, of('conv2.weight'), { padding: 1 });
  const residual = of('shortcut.0.weight')
    ? batchNormF64(conv2dF64(x, of('shortcut.0.weight'), { stride }), of('shortcut.1.weight'), of('shortcut.1.bias'))
    : x;
  return batchNormF64(second, of('bn2.weight'), of('bn2.bias'), { residual, relu: true });
}

/** [N, 3, S, S] -> [N, features]. */
export function resnet10F64(p: ParametersF64, images: F64Array): F64Array {
  const stem = conv2dF64(images, p['backbone.conv1.weight'], { padding: 1 });
  let x = batchNormF64(stem, p['backbone.bn1.weight'], p['backbone.bn1.bias'], { relu: true });
  for (const stage of [1, 2, 3, 4]) x = basicBlockF64(p, `backbone.layer${stage}.0`, x, stage === 1 ? 1 : 2);
  const hidden = linearF64(globalAvgPool2dF64(x), p['head.0.weight'], p['head.0.bias']);
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
