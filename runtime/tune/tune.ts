/**
 * The tuner: measures the choices for each kernel that a context uses, on this adapter, and returns a table of the fastest.
 * All choices are checked to give the same bits, so a table changes the time of a run but not its result.
 */
import source from '../../shaders/conv.wgsl';
import weightSource from '../../shaders/conv_weight.wgsl';
import { anything, checkArguments, number, object, optional } from '../arguments.ts';
import type { Context } from '../context.ts';
import { type AskedKernel, type ConvChoice, type KernelTable, nameOf } from '../kernel/choices.ts';
import { otherPatches } from '../nn/functional/convolveShare.ts';
import { pickTrial } from './pick.ts';
import { TrialBench } from './trials.ts';

export interface TuneOptions {
  /** Time limit in milliseconds, including compilation. Kernels not measured by then are not in the table. */
  budget?: number;
  /** Called before each kernel and at the end. */
  onProgress?(done: number, total: number, key: string): void;
  /** When aborted, the table so far is returned. */
  signal?: AbortSignal;
  /** Returns milliseconds. For tests. */
  clock?: () => number;
  /** Prepares trials. For tests. */
  bench?: Pick<TrialBench, 'prepare' | 'dispose'>;
}

export interface TuneOutcome {
  /** A choice for every kernel, except those that time did not suffice for. */
  table: KernelTable;
  /** Kernels measured, and kernels not reached. */
  measured: number;
  left: number;
}

const PARAMETERS = {
  ...{ context: anything, asked: anything },
  options: object({
    ...{ budget: optional(number), onProgress: anything, signal: anything, clock: anything, bench: anything },
  }),
};

const BUDGET = 9000;

/** Kernels with less than this share of all operations keep the fixed choice, as tuning them saves nothing. */
const LEAST_SHARE = 0.005;

/** Kernels whose choices are compiled together. Software adapters compile and run on the same cores, so one at a time. */
const AT_ONCE = { software: 1, hardware: 4 } as const;

/** To be incremented when choices.ts or the launchers give a different kernel for the same name. */
const CHOICES_VERSION = 1;

/** What a stored table depends on besides the adapter: the shader source. To be hashed. */
export const TUNED_KERNELS = [CHOICES_VERSION, source, weightSource].join('\n');

/**
 * The fastest choice for each kernel, the most expensive kernels first, within the time limit.
 * @param asked context.choices.asked, or a part of it
 * @throws DeviceLostError, KernelError, LimitError
 */
export async function tuneKernels(
  context: Context,
  asked: readonly AskedKernel[],
  options: TuneOptions = {},
): Promise<TuneOutcome> {
  checkArguments('tuneKernels', PARAMETERS, [context, asked, options]);
  const { budget = BUDGET, onProgress, signal, clock = () => performance.now() } = options;
  const began = clock();
  if (asked.length === 0) return { table: {}, measured: 0, left: 0 };
  const least = LEAST_SHARE * asked.reduce((sum, { flops }) => sum + flops, 0);
  const sorted = asked.filter(({ flops }) => flops >= least).sort((a, b) => b.flops - a.flops);
  const few = asked.filter(({ flops }) => flops < least);
  const table: Record<string, string> = Object.fromEntries(few.map(({ key }) => [key, nameOf(context.choices.fixed)]));
  const bench = options.bench ?? new TrialBench(context, sorted);
  const atOnce = AT_ONCE[context.info.isSoftware ? 'software' : 'hardware'];
  let longest = 0;
  let done = 0;
  try {
    while (done < sorted.length) {
      const from = clock();
      // does not start what probably cannot be finished
      if (signal?.aborted || from - began + longest > budget) break;
      const group = sorted.slice(done, done + atOnce);
      onProgress?.(done, sorted.length, group[0].key);
      const best = await bestOf(context, bench, group, () => clock() - began >= budget || signal?.aborted === true);
      group.forEach(({ key }, i) => {
        table[key] = nameOf(best[i]);
      });
      done += group.length;
      longest = Math.max(longest, clock() - from);
    }
    onProgress?.(done, sorted.length, '');
  } finally {
    bench.dispose();
  }
  return { table, measured: done, left: sorted.length - done };
}

/** What to try: first the other variants, then other patches of the best variant. */
const STAGES: readonly ((context: Context, asked: AskedKernel, best: ConvChoice) => ConvChoice[])[] = [
  ({ choices }, _, best) => choices.variants.slice(1).map((variant) => ({ ...best, variant })),
  (_, { kind, geometry }, best) => (kind === 'sum' ? otherPatches(geometry).map((patch) => ({ ...best, patch })) : []),
];

async function bestOf(
  context: Context,
  bench: Pick<TrialBench, 'prepare'>,
  group: readonly AskedKernel[],
  isOver: () => boolean,
): Promise<ConvChoice[]> {
  const best = group.map(() => context.choices.fixed);
  for (const stage of STAGES) {
    if (isOver()) break;
    const choices = group.map((asked, i) => [best[i], ...stage(context, asked, best[i])]);
    const prepared = await Promise.all(group.map((asked, i) => bench.prepare(asked, choices[i])));
    for (const [i, trials] of prepared.entries()) {
      const ready = trials.flatMap((trial, at) => (trial ? [{ trial, choice: choices[i][at] }] : []));
      const rivals = ready.map(({ trial }) => trial);
      best[i] = ready[await pickTrial(rivals, isOver)].choice;
      for (const trial of rivals) trial.dispose();
    }
  }
  return best;
}
