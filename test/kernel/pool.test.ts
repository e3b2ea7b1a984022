/** pool.wgsl on the CPU: windows of channels-last images, both ways, against plain loops. */
import { describe, expect, test } from 'vitest';
import { distinctInput, uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

interface Geometry {
  images: number;
  channels: number;
  size: [number, number];
  kernel: [number, number];
  stride: [number, number];
  padding: [number, number];
}

const cases: Geometry[] = [
  { images: 1, channels: 1, size: [1, 1], kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
  { images: 2, channels: 3, size: [7, 5], kernel: [3, 3], stride: [2, 2], padding: [1, 1] }, // the ImageNet stem, odd
  { images: 1, channels: 2, size: [5, 6], kernel: [2, 2], stride: [2, 2], padding: [0, 0] }, // the last row is in no window
  { images: 2, channels: 8, size: [3, 5], kernel: [2, 3], stride: [1, 2], padding: [1, 1] }, // in quads
  { images: 1, channels: 2, size: [6, 7], kernel: [2, 3], stride: [3, 1], padding: [1, 0] }, // pixels between windows
];

describe.each(cases)('$images x $size x $channels, $kernel by $stride, padding $padding', (geometry) => {
  const { images, channels, size, kernel, stride, padding } = geometry;
  const [height, width] = size;
  const [outHeight, outWidth] = [0, 1].map((a) => Math.floor((size[a] + 2 * padding[a] - kernel[a]) / stride[a]) + 1);
  const outs = images * outHeight * outWidth * channels;
  const pixels = images * height * width * channels;
  const channelsEach = channels % 4 === 0 ? 4 : 1;
  const params = { T: channelsEach === 4 ? 'vec4<f32>' : 'f32', P: channelsEach === 4 ? 'vec4<u32>' : 'u32' };
  const uniforms = {
    channels: channels / channelsEach,
    height,
    width,
    outHeight,
    outWidth,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideY: stride[0],
    strideX: stride[1],
    padTop: padding[0],
    padLeft: padding[1],
  };
  const groupsOf = (count: number): [number, number, number] => [Math.ceil(count / 64), 1, 1];

  /** Row and column of the pixels in the window of output `out`, those outside the image left out; row by row. */
  function windowOf(out: number): { at: number; pixel: number }[] {
    const c = out % channels;
    const ox = Math.floor(out / channels) % outWidth;
    const oy = Math.floor(out / (channels * outWidth)) % outHeight;
    const n = Math.floor(out / (channels * outWidth * outHeight));
    const inside: { at: number; pixel: number }[] = [];
    for (let y = oy * stride[0] - padding[0]; y < oy * stride[0] - padding[0] + kernel[0]; y++) {
      for (let x = ox * stride[1] - padding[1]; x < ox * stride[1] - padding[1] + kernel[1]; x++) {
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        inside.push({ pixel: y * width + x, at: ((n * height + y) * width + x) * channels + c });
      }
    }
    return inside;
  }

  const windows = Array.from({ length: outs }, (_, out) => windowOf(out));
  const x = Float32Array.from(distinctInput([pixels]).values, (value) => value - 2); // padding must not win
  const best = windows.map((window) => window.reduce((a, b) => (x[b.at] > x[a.at] ? b : a)));
  const dy = Float32Array.from(uniformInput([outs], { seed: 3 }).values);
  const winners = Uint32Array.from(best, ({ pixel }) => pixel);

  /** Sum over the outputs of what each gives to the places of its window. */
  function scattered(give: (out: number) => { at: number; value: number }[]): number[] {
    const dx = new Array<number>(pixels).fill(0);
    for (let out = 0; out < outs; out++) for (const { at, value } of give(out)) dx[at] += value;
    return dx;
  }

  test('max_pool', () => {
    expectOnCpu(
      {
        kernel: { file: 'pool.wgsl', entry: 'max_pool', params },
        bindings: { x, y: new Float32Array(outs), winners: new Uint32Array(outs) },
        uniforms: { ...uniforms, count: outs / channelsEach, perWindow: 1 },
        groups: groupsOf(outs),
      },
      { y: best.map(({ at }) => x[at]), winners },
      tolerance.exact,
    );
  });

  test('avg_pool: padding counts as zeros', () => {
    const area = kernel[0] * kernel[1];
    expectOnCpu(
      {
        kernel: { file: 'pool.wgsl', entry: 'avg_pool', params },
        bindings: { x, y: new Float32Array(outs) },
        uniforms: { ...uniforms, count: outs / channelsEach, perWindow: 1 / area },
        groups: groupsOf(outs),
      },
      { y: windows.map((window) => window.reduce((sum, { at }) => sum + x[at], 0) / area) },
      tolerance.reduction(area),
    );
  });

  test('pool_backward: to the winners, and to all alike', () => {
    const launch = { uniforms: { ...uniforms, count: pixels / channelsEach, perWindow: 1 }, groups: groupsOf(pixels) };
    const dx = new Float32Array(pixels).fill(Number.NaN); // every place is written
    const toWinner = scattered((out) => [{ at: best[out].at, value: dy[out] }]);
    const toAll = scattered((out) => windows[out].map(({ at }) => ({ at, value: dy[out] })));
    expectOnCpu(
      {
        ...launch,
        kernel: { file: 'pool.wgsl', entry: 'pool_backward', params },
        bindings: { dy, winner: winners, dx },
      },
      { dx: toWinner },
      tolerance.reduction(9),
    );
    expectOnCpu(
      {
        ...launch,
        kernel: { file: 'pool.wgsl', entry: 'pool_backward', params, slots: { share: 'sum += dy[out];' } },
        bindings: { dy, dx },
      },
      { dx: toAll },
      tolerance.reduction(9),
    );
    expect(toAll.some((value) => value !== 0)).toBe(true);
  });
});

test('max_pool: the first of equal values wins', () => {
  expectOnCpu(
    {
      kernel: { file: 'pool.wgsl', entry: 'max_pool', params: { T: 'f32', P: 'u32' } },
      bindings: { x: new Float32Array(4).fill(3), y: new Float32Array(1), winners: new Uint32Array(1) },
      uniforms: {
        ...{ count: 1, channels: 1, height: 2, width: 2, outHeight: 1, outWidth: 1, kernelHeight: 2, kernelWidth: 2 },
        ...{ strideY: 2, strideX: 2, padTop: 0, padLeft: 0, perWindow: 1 },
      },
      groups: [1, 1, 1],
    },
    { y: [3], winners: [0] },
    tolerance.exact,
  );
});
