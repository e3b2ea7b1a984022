/** A curve of bounded length: each point is the mean over an interval of steps, which doubles when the curve is full. */

type Value = number | null;

interface Point {
  /** The last step of the interval. */
  step: number;
  steps: number;
  sums: number[];
  counts: number[];
}

/** The columns of a chart: steps, then one column per line. */
export type Columns = [number[], ...Value[][]];

export class Curve {
  readonly #lines: number;
  readonly #mostPoints: number;
  #stretch = 1;
  #points: Point[] = [];

  /** @param mostPoints beyond it, neighbors are averaged; even */
  constructor(lines: number, mostPoints = 600) {
    this.#lines = lines;
    this.#mostPoints = mostPoints;
  }

  /** Steps come in ascending order. Nulls are excluded from the mean. */
  add(step: number, values: readonly Value[]): void {
    let last = this.#points.at(-1);
    if (last === undefined || last.steps >= this.#stretch) {
      if (this.#points.length === this.#mostPoints) this.#halve();
      last = { step, steps: 0, sums: new Array(this.#lines).fill(0), counts: new Array(this.#lines).fill(0) };
      this.#points.push(last);
    }
    last.step = step;
    last.steps++;
    values.forEach((value, line) => {
      if (value === null) return;
      last.sums[line] += value;
      last.counts[line]++;
    });
  }

  cutAfter(step: number): void {
    this.#points = this.#points.filter((point) => point.step <= step);
  }

  columns(): Columns {
    const lines = Array.from({ length: this.#lines }, (_, line) =>
      this.#points.map(({ sums, counts }) => (counts[line] === 0 ? null : sums[line] / counts[line])),
    );
    return [this.#points.map(({ step }) => step), ...lines];
  }

  #halve(): void {
    const pairs: Point[] = [];
    for (let i = 0; i + 1 < this.#points.length; i += 2) {
      const [a, b] = [this.#points[i], this.#points[i + 1]];
      pairs.push({
        step: b.step,
        steps: a.steps + b.steps,
        sums: a.sums.map((sum, line) => sum + b.sums[line]),
        counts: a.counts.map((count, line) => count + b.counts[line]),
      });
    }
    this.#points = pairs;
    this.#stretch *= 2;
  }
}
