/** The reference training step of ResNet-18: launches by kernel, and memory. */
import { expect, test } from 'vitest';
import { prepareStep } from '../../bench/ours.ts';
import { encoderWork, REFERENCE_STEP } from '../../bench/workloads.ts';
import { inPage, openTestContext } from '../helpers/adapter.ts';

/** An increase needs a reason; after a decrease, lower the number. */
const LAUNCHES = {
  'batch_norm.wgsl:backward': 21,
  'batch_norm.wgsl:normalize': 21,
  'conv.wgsl:conv': 43,
  'conv_weight.wgsl:conv_weight': 22,
  copy: 2,
  'elementwise.wgsl:linear': 6,
  'elementwise.wgsl:strided': 3,
  'fill.wgsl:fill': 1,
  'nt_xent.wgsl:nt_xent': 1,
  'nt_xent.wgsl:nt_xent_backward': 1,
  'optimizer.wgsl:sgd': 8,
  'pool.wgsl:avg_pool': 1,
  'pool.wgsl:pool_backward': 1,
  'reduce.wgsl:reduce_columns': 2,
  'reduce.wgsl:reduce_rows': 4,
  'rows.wgsl:row_norm': 3, // of both parts for the loss, and of the normal views for metrics.jsonl
  'slices_sum.wgsl:slices_sum': 10,
  'transpose.wgsl:transpose_blocks': 21,
};

const reference = { ...REFERENCE_STEP, launches: LAUNCHES };
const steps: (typeof REFERENCE_STEP & { launches?: object })[] = [
  reference,
  // only in Node: what the host plans is the same in a page
  { ...REFERENCE_STEP, batch: 16 },
  { ...REFERENCE_STEP, width: 32, size: 96, batch: 1 },
];

test.each(inPage(steps, 1))(
  'a step of ResNet-18, $width wide, $size px, batch $batch: launches; memory for parameters, momentum, kept activations and at most a fifth more',
  async ({ launches, ...step }) => {
    const context = await openTestContext({ poison: false });
    try {
      const { plan, dispose } = await prepareStep(context, step);
      const counts: Record<string, number> = {};
      for (const label of plan.labels) counts[label] = (counts[label] ?? 0) + 1;
      if (launches) expect(counts).toEqual(launches);
      const { liveBytes, pooledBytes } = context.memory();
      const { parameters, keptActivations } = encoderWork(step.width, step.size, 4 * step.batch);
      expect(liveBytes + pooledBytes).toBeLessThan(1.2 * 4 * (2 * parameters + keptActivations));
      dispose();
    } finally {
      await context.close();
    }
  },
);
