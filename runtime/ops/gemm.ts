/** Launches of gemm.wgsl: variant, tile and slices chosen, operands checked. Used by matmul and conv2d. */
import source from '../../shaders/gemm.wgsl';
import slicesSumSource from '../../shaders/slices_sum.wgsl';
import type { Context } from '../context.ts';
import type { KernelSpec } from '../kernel/spec.ts';
import { groups2d } from '../launch.ts';
import type { Tensor } from '../tensor.ts';
import type { Variants } from '../variants.ts';
import type { Reader } from './gemmReaders.ts';

/** Geometry that the window readers need; zeros for a plain product. */
export interface Window {
  channels: number;
  height: number;
  width: number;
  gridHeight: number;
  gridWidth: number;
  kernelHeight: number;
  kernelWidth: number;
  padTop: number;
  padLeft: number;
}

const NO_WINDOW: Window = {
  channels: 0,
  height: 0,
  width: 0,
  gridHeight: 0,
  gridWidth: 0,
  kernelHeight: 0,
  kernelWidth: 0,
  padTop: 0,
  padLeft: 0,
};

export interface Product {
  /** [segments * length, m], m contiguous. */
  a: Tensor;
  /** What the reader reads. */
  x: Tensor;
  reader: Reader;
  m: number;
  n: number;
  segments: number;
  length: number;
  window?: Window;
  /** Most parts that the sum may be split into, from the shape alone; 1 for a single pass. */
  slices?: number;
}

/** y[n, m] = sum over k of a[k, m] * B(k, n), into `y`, which is dense with m fastest. */
export function gemm(context: Context, product: Product, y: Tensor): void {
  const { a, x, m, n, segments, length } = product;
  const segmentsPerSlice = Math.ceil(segments / Math.min(product.slices ?? 1, segments));
  const slices = Math.ceil(segments / segmentsPerSlice);
  const target = slices === 1 ? y : context.empty([slices, n, m]);
  const tile = tileOf(context, m, n, slices);
  context.launch({
    kernel: kernelOf(context.variants.gemm, product, tile),
    bindings: { a, x, y: target },
    uniforms: { m, n, segments, length, segmentsPerSlice, ...(product.window ?? NO_WINDOW) },
    groups: [Math.ceil(n / (tile.WG * tile.COLS)), Math.ceil(m / (4 * tile.QUADS)), slices],
  });
  if (slices === 1) return;
  context.launch({
    kernel: { file: 'slices_sum.wgsl', source: slicesSumSource, entry: 'slices_sum' },
    bindings: { x: target, y },
    uniforms: { count: n * m, slices },
    groups: groups2d(Math.ceil((n * m) / 64)),
  });
}

interface Tile {
  WG: number;
  COLS: number;
  QUADS: number;
}

/** Workgroups below which a device has too little to do at once; software adapters have few cores. */
const ENOUGH_GROUPS = { software: 8, hardware: 512 } as const;

/**
 * The largest workgroup that leaves enough of them and few idle lanes: lanes beyond the last column cost as much as others.
 * The choice changes no bit of the result.
 */
function tileOf(context: Context, m: number, n: number, slices: number): Tile {
  // scalar accesses are a branch each, which compilers take seconds over when there are many
  const QUADS = m % 4 !== 0 ? 1 : m > 8 ? 4 : m > 4 ? 2 : 1;
  const COLS = n >= 64 ? 8 : 4;
  const { features, info } = context;
  const smallest = Math.max(8, Math.min(features.subgroupMaxSize, 64));
  const enough = info.isSoftware ? ENOUGH_GROUPS.software : ENOUGH_GROUPS.hardware;
  const groups = (lanes: number) => Math.ceil(n / (lanes * COLS)) * Math.ceil(m / (4 * QUADS)) * slices;
  const paddedLanes = (lanes: number) => Math.ceil(n / (lanes * COLS)) * lanes;
  let WG = 64;
  while (WG > smallest && (groups(WG) < enough || paddedLanes(WG) > 1.1 * paddedLanes(smallest))) WG /= 2;
  return { WG, COLS, QUADS };
}

/** Every lane loads the rows of `a` itself. */
const REGISTER_SLOTS = {
  enables: '',
  lane_argument: '',
  rows: '',
  row: '          let row = load_a(rowOfK + kk, row0 + 4u * q, k + kk < sizes.length);',
};

/** For M that is not a multiple of 4. */
const SCALAR_OPERAND_SLOTS = {
  load_a: `
  for (var j = 0u; j < 4u; j++) { // @unroll
    if (isInside && m + j < sizes.m) { value[j] = a[k * sizes.m + m + j]; }
  }`,
  store: `
  for (var j = 0u; j < 4u; j++) { // @unroll
    if (m + j < sizes.m) { y[at + m + j] = value[j]; }
  }`,
};

function kernelOf(variant: Variants['gemm'], { reader, m }: Product, tile: Tile): KernelSpec {
  const isVectorOperand = m % 4 === 0;
  return {
    file: 'gemm.wgsl',
    source,
    entry: 'gemm',
    params: { ...tile, Operand: isVectorOperand ? 'vec4<f32>' : 'f32', Source: reader.isVector ? 'vec4<f32>' : 'f32' },
    slots: {
      ...(variant === 'register' ? REGISTER_SLOTS : {}),
      ...(isVectorOperand ? {} : SCALAR_OPERAND_SLOTS),
      ...reader.slots,
    },
  };
}
