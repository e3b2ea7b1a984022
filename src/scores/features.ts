/** Features of images, as scores read them: the rows of one forward pass, copied to the host. */

/** A row-major matrix with `width` columns. */
export interface Matrix {
  readonly data: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  readonly width: number;
}

/** Patches of images, one row each: row (image * height + y) * width of the grid + x. */
export interface PatchGrid {
  readonly height: number;
  readonly width: number;
  readonly patches: Matrix;
}

/**
 * The encoder's outputs for `count` images, each in `views` views times `shifts` shifts. View 0 is the plain one, and shift 0
 * is no shift. What a view and shift show of image i is row `rowOf(table, i, view, shift)`.
 */
export interface FeatureTable {
  readonly count: number;
  readonly views: number;
  readonly shifts: number;
  /** Rows per view and shift: `count`, or more if the batch was padded. */
  readonly rowsPerShift: number;
  /** Pooled output of the backbone, for the plain view without a shift only: row i. */
  readonly backbone: Matrix;
  /** f, not normalized. */
  readonly projection: Matrix;
  /** Outputs of the network's linear heads, by name. */
  readonly logits: Readonly<Record<string, Matrix>>;
  /** The patches of the plain view without a shift; only if a score of the method reads them. */
  readonly map?: PatchGrid;
  /** The class of each image; training images only. */
  readonly labels?: ArrayLike<number>;
}

/** A row of `projection` and `logits`. */
export const rowOf = ({ shifts, rowsPerShift }: FeatureTable, image: number, view: number, shift = 0): number =>
  (view * shifts + shift) * rowsPerShift + image;

/** The mean over the views of an image's rows of an output, for one shift, in f64. */
export function meanOverViews(
  images: FeatureTable,
  image: number,
  { data, width }: Matrix = images.projection,
  shift = 0,
): Float64Array {
  const { views } = images;
  const mean = new Float64Array(width);
  for (let view = 0; view < views; view++) {
    const start = rowOf(images, image, view, shift) * width;
    for (let k = 0; k < width; k++) mean[k] += data[start + k] / views;
  }
  return mean;
}

/** The squared norm of f for one view without a shift, in f64. */
export function squaredNormOfView(images: FeatureTable, image: number, view: number): number {
  const { data, width } = images.projection;
  const start = rowOf(images, image, view) * width;
  let sum = 0;
  for (let k = start; k < start + width; k++) sum += data[k] * data[k];
  return sum;
}

/** The norm of each row, in f64. */
export function rowNorms({ data, width }: Matrix): Float64Array {
  const norms = new Float64Array(data.length / width);
  for (let row = 0; row < norms.length; row++) {
    let sum = 0;
    for (let k = row * width; k < (row + 1) * width; k++) sum += data[k] * data[k];
    norms[row] = Math.sqrt(sum);
  }
  return norms;
}

export const firstRows = ({ data, width }: Matrix, count: number): Matrix => ({
  data: data.subarray(0, count * width),
  width,
});

/** What scores fitted to the backbone's features read of the training images: one row for each. */
export const backboneRows = ({ backbone, count }: FeatureTable): Matrix => firstRows(backbone, count);
