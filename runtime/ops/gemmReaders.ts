/**
 * What the matrix product's second operand can be: texts for the slots of gemm.wgsl. Each reads `x` for COLS columns and
 * four values of k at a time. In all of them the contiguous side is loaded as vec4 when it is a multiple of 4.
 */
export interface Reader {
  slots: Record<string, string>;
  /** True when vec4 loads serve, which needs the contiguous side to be a multiple of 4. */
  isVector: boolean;
}

const guardedScalars = (at: string, left: string): string => `
        for (var j = 0u; j < 4u; j++) { // @unroll
          if (${left}) { b[c][j] = x[${at} + j]; }
        }`;

/** Rows of a row-major matrix [N, K]: B(k, n) = x[n, k]. */
export function rowsReader(k: number): Reader {
  const isVector = k % 4 === 0;
  if (isVector) return { slots: {}, isVector };
  return {
    isVector,
    slots: {
      load_b: `
      for (var c = 0u; c < COLS; c++) { // @unroll
        b[c] = vec4<f32>(0.0);${guardedScalars('base[c] + k', 'col0 + c < sizes.n && k + j < sizes.length')}
      }`,
    },
  };
}

/** Columns are pixels of a grid; state of each: image, and the grid position. */
const PIXEL_COLUMNS = `
  var base: array<u32, COLS>;
  var isRead: array<bool, COLS>;
  var image: array<u32, COLS>;
  var gridY: array<i32, COLS>;
  var gridX: array<i32, COLS>;
  for (var c = 0u; c < COLS; c++) { // @unroll
    let pixel = min(col0 + c, sizes.n - 1u);
    let line = pixel / sizes.gridWidth;
    gridX[c] = i32(pixel - line * sizes.gridWidth);
    image[c] = line / sizes.gridHeight;
    gridY[c] = i32(line - image[c] * sizes.gridHeight);
  }`;

function windowLoad(channels: number): Reader {
  const isVector = channels % 4 === 0;
  const load = isVector
    ? 'b[c] = select(vec4<f32>(0.0), x[(base[c] + k) / 4u], isRead[c]);'
    : guardedScalars('base[c] + k', 'isRead[c] && k + j < sizes.length');
  return {
    isVector,
    slots: {
      columns: PIXEL_COLUMNS,
      load_b: `
      for (var c = 0u; c < COLS; c++) { // @unroll
        b[c] = vec4<f32>(0.0);
        ${load}
      }`,
    },
  };
}

const STORE_WINDOW = `
      isRead[c] = isInside && col0 + c < sizes.n;
      base[c] = select(0u, ((image[c] * sizes.height + u32(sy)) * sizes.width + u32(sx)) * sizes.channels, isRead[c]);
    }`;

/** Convolution, forward: columns are output pixels, segments the kernel's taps, k the input channels. x [N, H, W, C]. */
export function forwardReader(channels: number, stride: readonly [number, number]): Reader {
  const { slots, isVector } = windowLoad(channels);
  const segment = `
    let tapY = i32(segment / sizes.kernelWidth) - sizes.padTop;
    let tapX = i32(segment % sizes.kernelWidth) - sizes.padLeft;
    for (var c = 0u; c < COLS; c++) { // @unroll
      let sy = gridY[c] * ${stride[0]} + tapY;
      let sx = gridX[c] * ${stride[1]} + tapX;
      let isInside = sy >= 0 && sy < i32(sizes.height) && sx >= 0 && sx < i32(sizes.width);${STORE_WINDOW}`;
  return { slots: { ...slots, segment }, isVector };
}

/** Input gradient: columns are input pixels, segments the taps, k the output channels. x = dy [N, OH, OW, OC]. */
export function inputGradientReader(channels: number, stride: readonly [number, number]): Reader {
  const { slots, isVector } = windowLoad(channels);
  const segment = `
    let tapY = sizes.padTop - i32(segment / sizes.kernelWidth);
    let tapX = sizes.padLeft - i32(segment % sizes.kernelWidth);
    for (var c = 0u; c < COLS; c++) { // @unroll
      let ty = gridY[c] + tapY;
      let tx = gridX[c] + tapX;
      let sy = ty / ${stride[0]};
      let sx = tx / ${stride[1]};
      let isWhole = ty >= 0 && tx >= 0 && ty == sy * ${stride[0]} && tx == sx * ${stride[1]};
      let isInside = isWhole && sy < i32(sizes.height) && sx < i32(sizes.width);${STORE_WINDOW}`;
  return { slots: { ...slots, segment }, isVector };
}

/**
 * Weight gradient: columns are (tap, input channel), segments the rows of the output grid, k the pixels of a row.
 * x [N, H, W, C] is read at pixel and tap. With C a multiple of 4, four neighbouring columns are one load.
 */
export function weightGradientReader(channels: number, stride: readonly [number, number]): Reader {
  const isVector = channels % 4 === 0;
  const step = isVector ? 4 : 1;
  const count = `COLS / ${step}u`;
  const columns = `
  var tapY: array<i32, ${count}>;
  var tapX: array<i32, ${count}>;
  var channel: array<u32, ${count}>;
  for (var g = 0u; g < ${count}; g++) { // @unroll
    let col = min(col0 + g * ${step}u, sizes.n - ${step}u);
    let tap = col / sizes.channels;
    channel[g] = col - tap * sizes.channels;
    tapY[g] = i32(tap / sizes.kernelWidth) - sizes.padTop;
    tapX[g] = i32(tap % sizes.kernelWidth) - sizes.padLeft;
  }`;
  const segment = `
    let gridImage = segment / sizes.gridHeight;
    let gridRow = i32(segment - gridImage * sizes.gridHeight) * ${stride[0]};`;
  const target = isVector ? 'b[j * (COLS / 4u) + g]' : 'b[g][j]';
  const value = isVector ? 'x[at / 4u]' : 'x[at]';
  const load_b = `
      for (var j = 0u; j < 4u; j++) { // @unroll
        for (var g = 0u; g < ${count}; g++) { // @unroll
          ${target} = ${isVector ? 'vec4<f32>(0.0)' : '0.0'};
          let sy = gridRow + tapY[g];
          let sx = i32(k + j) * ${stride[1]} + tapX[g];
          if (k + j < sizes.length && sy >= 0 && sy < i32(sizes.height) && sx >= 0 && sx < i32(sizes.width)) {
            let at = ((gridImage * sizes.height + u32(sy)) * sizes.width + u32(sx)) * sizes.channels + channel[g];
            ${target} = ${value};
          }
        }
      }`;
  const slots: Record<string, string> = { columns, segment, load_b };
  if (isVector) {
    slots.product =
      '            acc[c * QUADS + q] = fma(row, vec4<f32>(b[kk * (COLS / 4u) + c / 4u][c % 4u]), acc[c * QUADS + q]);';
  }
  return { slots, isVector };
}
