/** Statistics for checks of random numbers. */

/** The largest distance between the empirical distribution of the values and a cumulative distribution function. */
export function kolmogorovSmirnov(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.max(...sorted.map((x, i) => Math.max((i + 1) / sorted.length - cdf(x), cdf(x) - i / sorted.length)));
}

/** Pearson's correlation coefficient. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const product = (x: readonly number[], y: readonly number[]) => mean(x.map((value, i) => value * y[i]));
  const [da, db] = [a, b].map((values) => {
    const m = mean(values);
    return values.map((x) => x - m);
  });
  return product(da, db) / Math.sqrt(product(da, da) * product(db, db));
}

/** The distribution function of N(0, 1): the Taylor series of its density, integrated. For |x| up to 6. */
export function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 200; k++) {
    term *= (-x * x) / (2 * k);
    sum += term / (2 * k + 1);
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI);
}
