/** One measurement: trials of the same computation in turns, and which of them to take. Knows no GPU. */

/** A way to compute something, ready to run. */
export interface Trial {
  /** Runs it, and returns the bits of its result. */
  result(): Promise<Uint32Array>;
  /** Runs it, and returns how long that took, in any unit that its rivals share. */
  time(): Promise<number>;
}

/** Turns that every trial takes. */
export const ROUNDS = 7;
/** Slower than this many times the first trial in the first turn: no further turn. */
const HOPELESS = 1.5;
/** What a trial must save of the first one's time to replace it: less may be noise, and costs another pipeline. */
export const MARGIN = 0.05;

/**
 * The index of the trial to take. The first is the one that is kept when in doubt: another must give its bits, and be
 * faster by a margin, in the median of its ratios to the first in the same turn (so that a change of pace hits both).
 */
export async function pickTrial(trials: readonly Trial[]): Promise<number> {
  const [first, ...others] = trials;
  if (others.length === 0) return 0;
  const expected = await first.result();
  let rivals: { trial: Trial; index: number; ratios: number[] }[] = [];
  for (const [i, trial] of others.entries()) {
    if (sameBits(await trial.result(), expected)) rivals.push({ trial, index: i + 1, ratios: [] });
  }
  for (let round = 0; round < ROUNDS && rivals.length > 0; round++) {
    const time = await first.time();
    for (const { trial, ratios } of rivals) ratios.push((await trial.time()) / time);
    if (round === 0) rivals = rivals.filter(({ ratios }) => ratios[0] <= HOPELESS);
  }
  let [best, least] = [0, 1 - MARGIN];
  for (const { index, ratios } of rivals) {
    const ratio = median(ratios);
    if (ratio < least) [best, least] = [index, ratio];
  }
  return best;
}

function sameBits(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((bits, i) => bits === b[i]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
