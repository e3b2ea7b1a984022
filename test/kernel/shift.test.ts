/** shift.wgsl on the CPU and on the device, against plain loops over pixels. */
import { afterAll, expect, test } from 'vitest';
import { CHANNELS_LAST } from '../../runtime/index.ts';
import { type Shift, shiftRows, shiftViews } from '../../src/augment/shifts.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { runOnCpu } from '../helpers/interpreter.ts';

const SIDE = 4;
const SHIFTS: Shift[] = [
  {},
  { turns: 1 },
  { turns: 2 },
  { turns: 3 },
  { right: 2, down: -1 },
  { turns: 1, right: -3 },
  { flip: true, right: 1, turns: 2 },
];
const streams = [{ views: 1, shifts: SHIFTS }, { views: 2 }];
const rows = new Uint32Array(shiftRows(streams, 1).buffer);
const COUNT = SHIFTS.length + 2;
const x = Float32Array.from({ length: 3 * SIDE * SIDE * 3 }, (_, i) => i);

const mirrored = (at: number): number => (at < 0 ? -at : at >= SIDE ? 2 * (SIDE - 1) - at : at);

/** What row `row` shows at (i, j): rot 90 sends output (i, j) to input (j, S - 1 - i). */
function pixel(row: number, i: number, j: number, channel: number): number {
  const { flip = false, turns = 0, right = 0, down = 0 } = SHIFTS[row] ?? {};
  const view = Math.max(0, row - SHIFTS.length + 1);
  const at = [
    [i, j],
    [j, SIDE - 1 - i],
    [SIDE - 1 - i, SIDE - 1 - j],
    [SIDE - 1 - j, i],
  ][turns];
  const column = mirrored(at[1] - right);
  return ((view * SIDE + mirrored(at[0] - down)) * SIDE + (flip ? SIDE - 1 - column : column)) * 3 + channel;
}
const expected = Array.from({ length: COUNT * SIDE * SIDE * 3 }, (_, at) => {
  const [row, place] = [Math.floor(at / (SIDE * SIDE * 3)), Math.floor(at / 3) % (SIDE * SIDE)];
  return pixel(row, Math.floor(place / SIDE), place % SIDE, at % 3);
});

const context = await openTestContext();
afterAll(() => context.close());

test('on the CPU', () => {
  const { values, races } = runOnCpu({
    kernel: { file: 'shift.wgsl', entry: 'shift' },
    bindings: { x, rows, y: new Float32Array(expected.length) },
    uniforms: { rows: COUNT, side: SIDE },
    groups: [3, 1, 1],
  });
  expect(races).toEqual([]);
  expect(Array.from(values.y)).toEqual(expected);
});

test('on the device', async () => {
  const planes = Float32Array.from(x, (_, i) => {
    const [view, channel, place] = [Math.floor(i / 48), Math.floor(i / 16) % 3, i % 16];
    return x[(view * 16 + place) * 3 + channel];
  });
  const views = context.tensor(planes, [3, 3, SIDE, SIDE], { order: CHANNELS_LAST });
  const table = context.tensor(rows, [COUNT, 4], { dtype: 'u32' });
  const values = await shiftViews(views, table).read();
  const place = (at: number) => (Math.floor(at / 48) * 16 + (at % 16)) * 3 + (Math.floor(at / 16) % 3);
  expect(Array.from(values)).toEqual(expected.map((_, at) => expected[place(at)]));
});
