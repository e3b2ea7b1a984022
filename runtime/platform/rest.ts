/**
 * Waits for a device in Node without keeping a core busy. While a promise of Dawn's is open, its Node binding asks the
 * device for news in every turn of the event loop, and the loop turns as fast as a core can. A software adapter computes
 * on the same cores. So the thread sleeps between turns, by a share of what it has waited, in which no other work came.
 */

/** Of the time waited so far: news is late by at most this. */
const SHARE = 1 / 64;
/** Milliseconds: the longest sleep, and how long a turn may take before other work than Dawn's question was in it. */
const LONGEST = 1;
const IDLE_TURN = 0.2;

const asleep = new Int32Array(new SharedArrayBuffer(4));
let open = 0;
let isTurning = false;
let waitingSince = 0;
let turnEnded = 0;

/** The same promise's outcome. */
export async function restUntil<T>(pending: Promise<T>): Promise<T> {
  open++;
  waitingSince = performance.now();
  if (!isTurning) turn();
  try {
    return await pending;
  } finally {
    open--;
    waitingSince = performance.now();
  }
}

function turn(): void {
  isTurning = open > 0;
  if (!isTurning) return;
  const now = performance.now();
  if (now - turnEnded < IDLE_TURN) Atomics.wait(asleep, 0, 0, Math.min(LONGEST, (now - waitingSince) * SHARE));
  turnEnded = performance.now();
  setImmediate(turn);
}
