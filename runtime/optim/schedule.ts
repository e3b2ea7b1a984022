/** Learning-rate schedules, as tables that are the same in every engine. */

/**
 * Cosine decay without restarts, one value per epoch: base * (1 + cos(pi e / epochs)) / 2 (Loshchilov and Hutter 2017).
 * Epoch 0 has the base rate. Does not use Math.cos, which differs between engines.
 */
export function cosineSchedule(epochs: number, base: number): number[] {
  return Array.from({ length: epochs }, (_, epoch) => (base * (1 + cosineOfHalfTurns(epoch / epochs))) / 2);
}

/** cos(pi x) for x in [0, 1], to 1e-15: a Taylor series on [0, 1/2], mirrored. */
function cosineOfHalfTurns(x: number): number {
  if (x > 0.5) return -cosineOfHalfTurns(1 - x);
  const square = Math.PI * x * (Math.PI * x);
  let sum = 1;
  for (let k = 12; k >= 1; k--) sum = 1 - (square / ((2 * k - 1) * (2 * k))) * sum;
  return sum;
}
