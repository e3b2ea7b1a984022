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
