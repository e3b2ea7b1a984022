/** conv_grouped.wgsl on the CPU: convolutions in groups and both gradients, against one loop over all products. */
import { describe, expect, test } from 'vitest';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

interface Geometry {
  images: number;
  inChannels: number;
  outChannels: number;
  groups: number;
  size: [number, number];
  kernel: [number, number];
  stride: [number, number];
  /** Top, bottom, left, right. */
  padding: [number, number, number, number];
}

const cases: Geometry[] = [
  // depthwise in quads, as MobileNet's stride 2
  {
    images: 2,
    inChannels: 8,
    outChannels: 8,
    groups: 8,
    size: [4, 6],
    kernel: [3, 3],
    stride: [2, 2],
    padding: [0, 1, 0, 1],
  },
  {
    images: 1,
    inChannels: 3,
    outChannels: 3,
    groups: 3,
    size: [3, 2],
    kernel: [2, 3],
    stride: [1, 1],
    padding: [1, 0, 1, 1],
  },
  {
    images: 2,
    inChannels: 4,
    outChannels: 6,
    groups: 2,
    size: [5, 3],
    kernel: [3, 2],
    stride: [3, 1],
    padding: [2, 0, 0, 1],
  },
];

describe.each(cases)('$images x $size, $inChannels -> $outChannels in $groups groups', (geometry) => {
  const { images, inChannels, outChannels, groups, size, kernel, stride, padding } = geometry;
  const [outHeight, outWidth] = [0, 1].map(
    (a) => Math.floor((size[a] + padding[2 * a] + padding[2 * a + 1] - kernel[a]) / stride[a]) + 1,
  );
  const [inPerGroup, outPerGroup] = [inChannels / groups, outChannels / groups];
  const counts = {
    x: images * size[0] * size[1] * inChannels,
    w: kernel[0] * kernel[1] * inPerGroup * outChannels,
    y: images * outHeight * outWidth * outChannels,
  };
  const [x, w, dy] = [counts.x, counts.w, counts.y].map((count, i) =>
    Float32Array.from(uniformInput([count], { seed: i + 1 }).values),
  );
  const width = inPerGroup === 1 && outPerGroup === 1 && groups % 4 === 0 ? 4 : 1;
  const LINES = 3; // per slice of the weight gradient
  const lines = images * outHeight;
  const slices = Math.ceil(lines / LINES);

  /** Calls `each` with the places of x, w, y, and the line of y, of every product of the convolution. */
  function products(each: (at: { x: number; w: number; y: number; line: number }) => void): void {
    for (let y = 0; y < counts.y; y++) {
      const channel = y % outChannels;
      const pixel = Math.floor(y / outChannels);
      const line = Math.floor(pixel / outWidth);
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const row = (line % outHeight) * stride[0] - padding[0] + Math.floor(tap / kernel[1]);
        const col = (pixel % outWidth) * stride[1] - padding[2] + (tap % kernel[1]);
        if (row < 0 || col < 0 || row >= size[0] || col >= size[1]) continue;
        const image = Math.floor(line / outHeight);
        for (let c = 0; c < inPerGroup; c++) {
          const source = ((image * size[0] + row) * size[1] + col) * inChannels;
          each({
            x: source + Math.floor(channel / outPerGroup) * inPerGroup + c,
            w: (tap * inPerGroup + c) * outChannels + channel,
            ...{ y, line },
          });
        }
      }
    }
  }

  const launch = (entry: string, bindings: Record<string, Float32Array<ArrayBuffer>>, count: number) => ({
    kernel: { file: 'conv_grouped.wgsl', entry, params: { T: width === 4 ? 'vec4<f32>' : 'f32' } },
    bindings,
    uniforms: {
      ...{
        count: count / width,
        inChannels: inChannels / width,
        outChannels: outChannels / width,
        inPerGroup,
        outPerGroup,
      },
      ...{ height: size[0], width: size[1], outHeight, outWidth, kernelHeight: kernel[0], kernelWidth: kernel[1] },
      ...{ strideY: stride[0], strideX: stride[1], padTop: padding[0], padLeft: padding[2] },
      ...{ lines, linesPerSlice: LINES },
    },
    groups: [Math.ceil(count / width / 64), 1, 1] as [number, number, number],
  });

  test('forward', () => {
    const expected = new Float64Array(counts.y);
    products((at) => {
      expected[at.y] += x[at.x] * w[at.w];
    });
    expectOnCpu(
      launch('forward', { x, w, y: new Float32Array(counts.y) }, counts.y),
      { y: expected },
      tolerance.reduction(12),
    );
  });

  test('input_gradient', () => {
    const expected = new Float64Array(counts.x);
    products((at) => {
      expected[at.x] += dy[at.y] * w[at.w];
    });
    expectOnCpu(
      launch('input_gradient', { dy, w, dx: new Float32Array(counts.x) }, counts.x),
      { dx: expected },
      tolerance.reduction(27),
    );
  });

  test('weight_gradient, in slices', () => {
    expect(slices).toBeGreaterThan(0);
    const expected = new Float64Array(slices * counts.w);
    products((at) => {
      expected[Math.floor(at.line / LINES) * counts.w + at.w] += x[at.x] * dy[at.y];
    });
    const dw = new Float32Array(expected.length);
    expectOnCpu(launch('weight_gradient', { x, dy, dw }, dw.length), { dw: expected }, tolerance.reduction(30));
  });
});
