/** The loss of a method for given network outputs, called as in the trainer's recorded step. */
import type { Tensor } from '../../runtime/index.ts';
import type { StepLoss } from '../../src/methods/method.ts';
import { StepBatch } from '../../src/methods/stepBatch.ts';
import { type MethodName, methodNamed } from '../../src/methods/table.ts';

/** @param rows f of all views of a step   @param images per part   @param values the method's options */
export function methodLoss(name: MethodName, rows: Tensor, images: number, values: Record<string, number>): StepLoss {
  const method = methodNamed(name);
  const batch = new StepBatch(rows.context, method, values, images);
  const classes = new Int32Array(images);
  batch.write(0, { normal: classes, outliers: classes });
  return method.loss({ backbone: rows, projection: rows }, batch, values);
}
