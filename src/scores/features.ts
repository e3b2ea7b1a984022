/** Features of images, as scores read them: the rows that one forward pass gave, copied to the host. */

/** Rows of `width` values, one after the other. */
export interface Matrix {
  readonly data: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  readonly width: number;
}

/** What the encoder says of `count` images in `views` views each; the first view is the plain one. */
export interface FeatureTable {
  readonly count: number;
  readonly views: number;
  /** Pooled output of the backbone for the plain view: row `image`. */
  readonly backbone: Matrix;
  /** f of every view, not normalized: row `view * rowsPerView + image`. */
  readonly projection: Matrix;
  /** Rows of one view in `projection`: `count`, or more where a pass was filled up. */
  readonly rowsPerView: number;
}

/** Where the projection of a view begins in `projection.data`. */
export const viewStart = ({ rowsPerView, projection }: FeatureTable, image: number, view: number): number =>
  (view * rowsPerView + image) * projection.width;

/** The mean over the views of f, in f64. */
export function meanOverViews(images: FeatureTable, image: number): Float64Array {
  const { views, projection } = images;
  const mean = new Float64Array(projection.width);
  for (let view = 0; view < views; view++) {
    const start = viewStart(images, image, view);
    for (let k = 0; k < mean.length; k++) mean[k] += projection.data[start + k] / views;
  }
  return mean;
}

/** The norm of f for a view, squared, in f64. */
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

/** The first `count` rows. */
export const firstRows = ({ data, width }: Matrix, count: number): Matrix => ({
  data: data.subarray(0, count * width),
  width,
});
