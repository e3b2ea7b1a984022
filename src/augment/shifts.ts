/** Geometric shifts of finished views: one copy of each view per shift. */
import { CHANNELS_LAST, groups2d, type Tensor } from '../../runtime/index.ts';
import source from '../../shaders/shift.wgsl';
import { type RowPlan, rowPlaces } from './rows.ts';

/** A horizontal flip, then a translation by whole pixels with reflected borders, then a rotation. */
export interface Shift {
  flip?: boolean;
  /** Quarter turns, counterclockwise. */
  turns?: 0 | 1 | 2 | 3;
  /** Translation in pixels; smaller in magnitude than the side of the view. */
  right?: number;
  down?: number;
}

/** No shift, and the three other quarter turns. */
export const ROTATIONS: readonly Shift[] = [{ turns: 0 }, { turns: 1 }, { turns: 2 }, { turns: 3 }];

export interface ShiftPlan extends RowPlan {
  shifts?: readonly Shift[];
}

/** Added to the turns of a flipped row. */
const FLIPPED = 4;

/** The kernel's words per row: view, turns and flip, right, down. */
export function shiftRows(streams: readonly ShiftPlan[], images: number): Int32Array<ArrayBuffer> {
  const starts = streams.map((_, stream) => {
    return streams.slice(0, stream).reduce((sum, { views }) => sum + views * images, 0);
  });
  const words = rowPlaces(streams, images).flatMap(({ stream, view, shift, image }) => {
    const { flip = false, turns = 0, right = 0, down = 0 } = streams[stream].shifts?.[shift] ?? {};
    return [starts[stream] + view * images + image, turns + (flip ? FLIPPED : 0), right, down];
  });
  return Int32Array.from(words);
}

/** @param views [V, 3, S, S], channels last   @param rows u32 [R, 4], the bits of shiftRows()   @returns [R, 3, S, S] */
export function shiftViews(views: Tensor, rows: Tensor): Tensor {
  const { context } = views;
  const [count, side] = [rows.shape[0], views.shape[2]];
  const y = context.empty([count, 3, side, side], { order: CHANNELS_LAST });
  context.launch({
    kernel: { file: 'shift.wgsl', source, entry: 'shift' },
    bindings: { x: views, rows, y },
    uniforms: { rows: count, side },
    groups: groups2d(Math.ceil((count * side * side) / 64)),
  });
  return y;
}
