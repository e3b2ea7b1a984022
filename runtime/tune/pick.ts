/** Runs trials of the same computation in turn and picks one. Independent of the GPU. */

/** One way to compute something, ready to run. */
export interface Trial {
  /** Runs it and returns the bits of its result. */
  result(): Promise<Uint32Array>;
  /** Runs it and returns the time it took, in any unit common to all trials. */
  time(): Promise<number>;
}

/** Rounds, in each of which every trial runs once. */
export const ROUNDS = 5;
/** A trial that takes this many times as long as the first one in round 1 is dropped. */
const HOPELESS = 1.5;
/** The share of time that a trial must save to replace the first one: less may be noise, and costs another pipeline. */
const MARGIN = 0.05;

interface Rival {
  trial: Trial;
  index: number;
}

/**
 * The index of the trial to use. When in doubt that is the first. Another trial must give the same bits and be faster by a
 * margin, by the median of its ratios to the first one in the same round (so that changes of load affect both), and again
 * in a second measurement (the best of several is often just lucky).
 * @param isOver returns true when time is up: the first is kept
 */
export async function pickTrial(trials: readonly Trial[], isOver: () => boolean = () => false): Promise<number> {
  const [first, ...others] = trials;
  if (others.length === 0) return 0;
  const expected = await first.result();
  const rivals: Rival[] = [];
  for (const [i, trial] of others.entries()) {
    if (isOver()) return 0;
    if (sameBits(await trial.result(), expected)) rivals.push({ trial, index: i + 1 });
  }
  const best = await fastest(first, rivals, isOver);
  const confirmed = best && (await fastest(first, [best], isOver));
  return confirmed ? confirmed.index : 0;
}

/** The rival that saves the most, if that exceeds the margin. */
async function fastest(first: Trial, rivals: readonly Rival[], isOver: () => boolean): Promise<Rival | null> {
  let running = rivals.map((rival) => ({ rival, ratios: [] as number[] }));
  for (let round = 0; round < ROUNDS && running.length > 0; round++) {
    if (isOver()) return null;
    const time = await first.time();
    for (const { rival, ratios } of running) ratios.push((await rival.trial.time()) / time);
    if (round === 0) running = running.filter(({ ratios }) => ratios[0] <= HOPELESS);
  }
  const sorted = running
    .map(({ rival, ratios }) => ({ rival, ratio: median(ratios) }))
    .filter(({ ratio }) => ratio < 1 - MARGIN)
    .sort((a, b) => a.ratio - b.ratio);
  return sorted[0]?.rival ?? null;
}

function sameBits(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((bits, i) => bits === b[i]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
