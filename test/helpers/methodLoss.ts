/** The loss of a method for given network outputs, called as in the trainer's recorded step. */
import { split, type Tensor } from '../../runtime/index.ts';
import type { StepLoss } from '../../src/methods/method.ts';
import { StepBatch } from '../../src/methods/stepBatch.ts';
import { type MethodName, methodNamed } from '../../src/methods/table.ts';

/**
 * @param rows what the network gives for all rows of a step: f, then the logits of each head
 * @param images per part   @param values the method's options   @param classes of the normal images; default: one class
 */
export function methodLoss(
  name: MethodName,
  rows: Tensor,
  images: number,
  values: Readonly<Record<string, number | string>>,
  classes: ArrayLike<number> = new Int32Array(images),
): StepLoss {
  const method = methodNamed(name);
  const batch = new StepBatch(rows.context, method, values, images);
  batch.write(0, { normal: classes, outliers: new Int32Array(images) });
  const heads = Object.entries(method.network?.(values).logits ?? {});
  const width = rows.shape[1] - heads.reduce((sum, [, count]) => sum + count, 0);
  const [projection, ...logits] =
    heads.length === 0 ? [rows] : split(rows, [width, ...heads.map(([, count]) => count)], 1);
  const named = Object.fromEntries(heads.map(([head], i) => [head, logits[i]]));
  return method.loss!({ backbone: projection, projection, logits: named }, batch, values);
}
