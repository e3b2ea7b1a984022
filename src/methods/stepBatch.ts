/** The batch of a recorded step, as a method's loss reads it: the tensors that change per step. */
import { type Context, split, type Tensor } from '../../runtime/index.ts';
import { type RowPlace, rowCount, rowPlaces } from '../augment/rows.ts';
import type { Batch, BatchPlan, Method, Part, Row } from './method.ts';

/** The parts of a plan, in row order. */
export const partsOf = ({ outliers }: BatchPlan): readonly Part[] => (outliers ? ['normal', 'outliers'] : ['normal']);

/** Rows per normal image, including its outlier image if the method has outlier exposure. */
export const rowsPerImage = (plan: BatchPlan): number =>
  partsOf(plan).reduce((sum, part) => sum + rowCount(plan[part]!, 1), 0);

export class StepBatch implements Batch {
  readonly plan: BatchPlan;
  readonly labels: Readonly<Record<string, Tensor>>;
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly parts: Batch['parts'];
  readonly #schedule: (epoch: number) => Record<string, number>;
  readonly #places: readonly (RowPlace & { part: Part })[];
  /** The labels currently on the device, so that only changes are uploaded. */
  readonly #written = new Map<string, string>();

  /** @param images images per part and step */
  constructor(context: Context, method: Method, values: object, images: number) {
    this.plan = method.batch(values);
    const names = partsOf(this.plan);
    const streams = names.map((name) => this.plan[name]!);
    const sides = streams.map((stream) => rowCount(stream, images));
    this.parts = (rows) => {
      if (names.length === 1) return { normal: rows, outliers: null };
      const [normal, outliers] = split(rows, sides, 0);
      return { normal, outliers };
    };
    this.#places = this.plan.labels
      ? rowPlaces(streams, images).map((place) => ({ ...place, part: names[place.stream] }))
      : [];
    this.labels = mapValues(this.plan.labels ?? {}, () => {
      return context.tensor(new Uint32Array(this.#places.length), [this.#places.length], { dtype: 'u32' });
    });
    this.#schedule = (epoch) => method.weights?.(values, epoch) ?? {};
    this.weights = mapValues(this.#schedule(0), (weight) => context.tensor([weight], []));
  }

  /**
   * Uploads the weights of an epoch and the labels of a step's images.
   * @param classes the classes of the images, one list per part
   * @returns the weights
   */
  write(epoch: number, classes: Readonly<Partial<Record<Part, ArrayLike<number>>>>): Record<string, number> {
    for (const [name, label] of Object.entries(this.plan.labels ?? {})) {
      const rows = this.#places.map((place): Row => ({ ...place, label: classes[place.part]![place.image] }));
      const values = Uint32Array.from(rows, label);
      if (this.#written.get(name) === values.join()) continue;
      this.labels[name].write(values);
      this.#written.set(name, values.join());
    }
    const weights = this.#schedule(epoch);
    for (const [name, weight] of Object.entries(weights)) this.weights[name].write([weight]);
    return weights;
  }
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, to: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
