/** Where each view of a step lies in the single forward pass over all of them (docs/methods.md 1.3). */

/** A set of images, with views times shifts rows per image. */
export interface RowPlan {
  /** Augmented views per image, each with its own draws. */
  views: number;
  /** One shifted copy of each view per entry; default: only the view itself. */
  shifts?: readonly unknown[];
}

/** What a row of the forward pass contains. */
export interface RowPlace {
  stream: number;
  view: number;
  /** Index of the shift; 0 where the stream has none. */
  shift: number;
  /** Index among the stream's images of this step. */
  image: number;
}

export const rowCount = ({ views, shifts }: RowPlan, images: number): number => views * (shifts?.length ?? 1) * images;

/** Row order: stream, view, shift, image. With two views, the first half of the rows pairs up with the second. */
export function rowPlaces(streams: readonly RowPlan[], images: number): RowPlace[] {
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
  return streams.flatMap(({ views, shifts }, stream) =>
    upTo(views).flatMap((view) =>
      upTo(shifts?.length ?? 1).flatMap((shift) => upTo(images).map((image) => ({ stream, view, shift, image }))),
    ),
  );
}
