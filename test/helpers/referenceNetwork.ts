/**
 * The encoder of docs/methods.md 3 in f64: ResNet-10 (one block per stage) with the stem for small images and the
 * projection head, batch norm in training. Written from the description, by parameter name.
 */
import type { F64Array } from '../../runtime/gradcheck/gradCheck.ts';
import { conv2dF64, globalAvgPool2dF64, linearF64 } from './reference.ts';
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
