/** Where each view of a step lies in the one forward pass over all of them (docs/methods.md 1.3). */

/** Images of which as many rows are made as views times shifts. */
export interface RowPlan {
  /** Augmented views per image, each with draws of its own. */
  views: number;
  /** How many shifted copies of a view there are; default one, the view itself. */
  shifts?: readonly unknown[];
}

/** What a row of the forward pass shows. */
export interface RowPlace {
  stream: number;
  view: number;
  /** Position in the stream's shifts; 0 where it has none. */
  shift: number;
  /** Position in the stream's images of the step. */
  image: number;
}

/** Rows of one stream. */
export const rowCount = ({ views, shifts }: RowPlan, images: number): number => views * (shifts?.length ?? 1) * images;

/** The order of rows: by stream, then view, then shift, then image. The first half and the second half of two views pair up. */
export function rowPlaces(streams: readonly RowPlan[], images: number): RowPlace[] {
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
  return streams.flatMap(({ views, shifts }, stream) =>
    upTo(views).flatMap((view) =>
      upTo(shifts?.length ?? 1).flatMap((shift) => upTo(images).map((image) => ({ stream, view, shift, image }))),
    ),
  );
}
