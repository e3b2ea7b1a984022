/** Features of images, as scores read them: the rows of one forward pass, copied to the host. */

/** A row-major matrix with `width` columns. */
export interface Matrix {
  readonly data: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  readonly width: number;
}

/** The encoder's outputs for `count` images in `views` views each; the first view is the plain one. */
export interface FeatureTable {
  readonly count: number;
  readonly views: number;
  /** Pooled output of the backbone for the plain view: row `image`. */
  readonly backbone: Matrix;
  /** f of every view, not normalized: row `view * rowsPerView + image`. */
  readonly projection: Matrix;
  /** Rows per view in `projection`: `count`, or more if the batch was padded. */
  readonly rowsPerView: number;
}

/** Offset of a view's projection in `projection.data`. */
export const viewStart = ({ rowsPerView, projection }: FeatureTable, image: number, view: number): number =>
  (view * rowsPerView + image) * projection.width;

/** The mean of f over the views, in f64. */
export function meanOverViews(images: FeatureTable, image: number): Float64Array {
  const { views, projection } = images;
  const mean = new Float64Array(projection.width);
  for (let view = 0; view < views; view++) {
    const start = viewStart(images, image, view);
    for (let k = 0; k < mean.length; k++) mean[k] += projection.data[start + k] / views;
  }
  return mean;
}

/** The squared norm of f for one view, in f64. */
export function squaredNormOfView(images: FeatureTable, image: number, view: number): number {
  const { data, width } = images.projection;
  const start = viewStart(images, image, view);
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
