/** One measurement: trials of the same computation in turns, and which of them to take. Knows no GPU. */

/** A way to compute something, ready to run. */
export interface Trial {
  /** Runs it, and returns the bits of its result. */
  result(): Promise<Uint32Array>;
  /** Runs it, and returns how long that took, in any unit that its rivals share. */
  time(): Promise<number>;
}

/** Turns that every trial takes. */
export const ROUNDS = 5;
/** Slower than this many times the first trial in the first turn: no further turn. */
const HOPELESS = 1.5;
/** What a trial must save of the first one's time to replace it: less may be noise, and costs another pipeline. */
const MARGIN = 0.05;

interface Rival {
  trial: Trial;
  index: number;
}

/**
 * The index of the trial to take. The first is the one that is kept when in doubt: another must give its bits, and be
 * faster by a margin in the median of its ratios to the first in the same turn (so that a change of pace hits both), and
 * then once more by itself (the best of several is often only the luckiest).
 * @param isOver no time is left: the first is kept
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

/** The rival that saves most, and more than the margin. */
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
