/** Device memory of a training step against its lower bound: parameters, optimizer state, activations that backward needs. */

import { prepareStep } from './ours.ts';
import { short } from './printer.ts';
import { type SuiteRun, withContext } from './suite.ts';
import { encoderWork, nameOf, type StepWorkload } from './workloads.ts';

const STEPS: { full: StepWorkload[]; short: StepWorkload[] } = {
  full: [
    { kind: 'step', width: 16, size: 32, batch: 4 },
    { kind: 'step', width: 16, size: 32, batch: 64 },
    { kind: 'step', width: 64, size: 32, batch: 16 },
    { kind: 'step', width: 64, size: 224, batch: 1 },
  ],
  short: [
    { kind: 'step', width: 16, size: 32, batch: 4 },
    { kind: 'step', width: 16, size: 32, batch: 32 },
  ],
};

const MEBIBYTE = 2 ** 20;

export async function memorySuite(run: SuiteRun): Promise<void> {
  const { options, selection, sink } = run;
  const steps = options.isFull ? STEPS.full : STEPS.short;
  for (const step of [...steps, ...steps.map((each) => ({ ...each, precision: 'f16' as const }))]) {
    const workload = `memory: ${nameOf(step)}`;
    if (!selection.wants(workload)) continue;
    await withContext(run, async (context) => {
      if (step.precision && !context.features.f16) {
        sink.note(`${nameOf(step)}: left out, the adapter has no shader-f16`);
        return;
      }
      const { plan } = await prepareStep(context, step);
      const { liveBytes, pooledBytes, peakBytes } = context.memory();
      const { parameters, keptActivations } = encoderWork(step.width, step.size, 4 * step.batch);
      // SGD with momentum keeps one number per parameter; gradients count as overhead, as in the target
      const boundBytes = 4 * 2 * parameters + (step.precision ? 2 : 4) * keptActivations;
      const more = { liveBytes, pooledBytes, peakBytes, planBytes: plan.bytes, boundBytes };
      sink.add({ suite: 'memory', workload, contestant: 'oecl', milliseconds: null, more });
      const allBytes = liveBytes + pooledBytes;
      const [used, bound, own] = [allBytes, boundBytes, plan.bytes].map((bytes) => short(bytes / MEBIBYTE));
      const share = short(allBytes / boundBytes);
      sink.note(`${workload}: ${used} MiB (of them the plan ${own}), at least ${bound} MiB: ${share} times`);
    });
  }
}
