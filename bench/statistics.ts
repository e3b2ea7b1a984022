/** Medians and quartiles, and the loops that collect samples. */
import { Bench } from 'tinybench';

/** Durations in milliseconds. */
export interface Quartiles {
  median: number;
  lower: number;
  upper: number;
  samples: number;
}

/** Quartiles with linear interpolation. @throws RangeError for no samples */
export function quartilesOf(samples: readonly number[]): Quartiles {
  if (samples.length === 0) throw new RangeError('quartiles of no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const below = Math.floor(position);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  };
  return { median: at(0.5), lower: at(0.25), upper: at(0.75), samples: samples.length };
}

/** Short launches are repeated until a sample takes about this long, as waiting for the queue costs a few tenths. */
const LEAST_SAMPLE_MILLISECONDS = 20;
const MOST_REPEATS = 256;

export interface Effort {
  /** Samples of one workload: at least `iterations`, and more until `milliseconds` have passed. */
  iterations: number;
  milliseconds: number;
}

/**
 * Milliseconds of one `launch`, by tinybench: several launches a sample where one is short, timed until `idle` resolves.
 * The first launches, which may compile and allocate, are not counted.
 */
export async function sampleLaunches(
  launch: () => void,
  idle: () => Promise<void>,
  effort: Effort,
): Promise<Quartiles> {
  const timed = async (repeats: number) => {
    const began = performance.now();
    for (let i = 0; i < repeats; i++) launch();
    await idle();
    return performance.now() - began;
  };
  const first = await timed(1);
  const once = first < 1000 ? await timed(1) : first;
  const repeats = Math.min(MOST_REPEATS, Math.max(1, Math.round(LEAST_SAMPLE_MILLISECONDS / once)));
  const bench = new Bench({
    time: effort.milliseconds,
    iterations: effort.iterations,
    warmup: false,
    retainSamples: true,
    throws: true,
  });
  const sample = async () => {
    const total = await timed(repeats);
    return { overriddenDuration: total / repeats, overriddenIterationCost: total };
  };
  bench.add('launch', sample, { async: true });
  await bench.run();
  const { result } = bench.tasks[0];
  if (result.state !== 'completed') throw new Error(`tinybench ended in the state "${result.state}"`);
  return quartilesOf(result.latency.samples ?? []);
}

/**
 * Samples of several contestants, one iteration each per round, so that changes of the machine's load affect all of them.
 * @param iterate milliseconds of one iteration of contestant i
 */
export async function sampleInTurns(
  contestants: number,
  iterate: (contestant: number) => Promise<number>,
  effort: Effort,
): Promise<Quartiles[]> {
  const samples = Array.from({ length: contestants }, (): number[] => []);
  const until = performance.now() + effort.milliseconds;
  for (let round = 0; round < effort.iterations || performance.now() < until; round++) {
    for (let i = 0; i < contestants; i++) samples[i].push(await iterate(i));
  }
  return samples.map(quartilesOf);
}
