/**
 * The tuner: measures the choices of each kernel that a context was asked for, on this adapter, and returns a table of
 * the best. All choices are checked to give the same bits, so that a table changes the time of a run and nothing else.
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
  /** Milliseconds that it may take, compilation included; what is not measured by then is not in the table. */
  budget?: number;
  /** Before each kernel, and at the end. */
  onProgress?(done: number, total: number, key: string): void;
  /** Aborted: returns what it has. */
  signal?: AbortSignal;
  /** Milliseconds, for tests. */
  clock?: () => number;
  /** Makes trials, for tests. */
  bench?: Pick<TrialBench, 'prepare' | 'dispose'>;
}

export interface TuneOutcome {
  /** For every kernel but those that the time was not enough for. */
  table: KernelTable;
  /** Kernels that were measured, and that were not reached. */
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

/** Kernels with less than this share of all operations keep the fixed choice: the best of them would save nothing. */
const LEAST_SHARE = 0.005;

/** Kernels whose choices are compiled together. Software compiles and runs on the same cores, one thing at a time. */
const AT_ONCE = { software: 1, hardware: 4 } as const;

/** To be changed whenever choices.ts or the launchers make other kernels of the same name. */
const CHOICES_VERSION = 1;

/** What a stored table depends on beside the adapter: the kernels' text. To be hashed. */
export const TUNED_KERNELS = [CHOICES_VERSION, source, weightSource].join('\n');

/**
 * The best choice for each kernel, the most expensive ones first, until the time is used up.
 * @param asked context.choices.asked, or those of them that are wanted
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
      // one that would be half done at the end is not begun
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

/** What a choice is tried against, in this order: the other variants, then other patches of the best of them. */
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
