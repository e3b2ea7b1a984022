/**
 * Which variant and patch each convolution and matrix product of a context uses: a table keyed by the computation, and one
 * fixed choice for everything else. All choices give the same bits, so a table changes the time of a run but not its
 * result. Keys and names do not mention the adapter, so a table can be used on another host.
 */
import type { DeviceFeatures } from '../device/device.ts';
import type { DType } from '../dtype.ts';
import { defaultVariants, type Variants } from '../variants.ts';

/** The geometry of a convolution, its input gradient (`isTransposed`) or a matrix product (an image one pixel high). */
export interface ConvGeometry {
  images: number;
  inChannels: number;
  height: number;
  width: number;
  outChannels: number;
  outHeight: number;
  outWidth: number;
  kernel: readonly [number, number];
  stride: readonly [number, number];
  /** Above and left of the image. */
  padding: readonly [number, number];
  /** True for the input gradient: x is dy and y is dx. */
  isTransposed: boolean;
}

/** `sum`: conv.wgsl, over channels and taps. `weight`: conv_weight.wgsl, over pixels. */
export type ConvKind = 'sum' | 'weight';

/** The names in conv.wgsl. For a weight gradient, w is dy and y is dw. */
export const OPERANDS = ['x', 'w', 'y'] as const;
export type Operand = (typeof OPERANDS)[number];

/** Types of the operands. */
export type OperandTypes = Readonly<Record<Operand, DType>>;

export interface ConvChoice {
  variant: Variants['conv'];
  /** Rows and columns of output pixels per invocation, if they differ from the fixed choice. */
  patch: readonly [number, number] | null;
}

/** Computation (`conv 3x3/1 64->64 16x16`) -> name of a choice (`subgroup`, `subgroup 4x8`). Plain JSON. */
export type KernelTable = Readonly<Record<string, string>>;

/** What a context has computed under one key. */
export interface AskedKernel {
  key: string;
  kind: ConvKind;
  /** The geometry of the call with the most images. */
  geometry: ConvGeometry;
  types: OperandTypes;
  /** Floating-point operations of all calls. */
  flops: number;
}

const ALL_F32: OperandTypes = { x: 'f32', w: 'f32', y: 'f32' };

const VARIANT_NAMES: readonly Variants['conv'][] = ['subgroup', 'workgroup', 'register'];

export class KernelChoices {
  /** For computations that are not in the table. */
  readonly fixed: ConvChoice;
  /** The variants that the adapter supports, the fixed one first. */
  readonly variants: readonly Variants['conv'][];
  table: KernelTable = {};
  readonly #asked = new Map<string, AskedKernel>();
  #tried: ConvChoice | null = null;

  constructor(features: DeviceFeatures, variants: Partial<Variants> = {}) {
    const usual = defaultVariants(features).conv;
    this.fixed = { variant: variants.conv ?? usual, patch: null };
    const possible = VARIANT_NAMES.filter((name) => name !== 'subgroup' || usual === 'subgroup');
    this.variants = [...new Set([this.fixed.variant, ...possible])];
  }

  /** Everything requested since the context was opened, by descending work. */
  get asked(): AskedKernel[] {
    return [...this.#asked.values()].sort((a, b) => b.flops - a.flops);
  }

  /** The choice for a computation; records the request. Choices in the table that the adapter does not support are ignored. */
  of(kind: ConvKind, geometry: ConvGeometry, types = ALL_F32): ConvChoice {
    if (this.#tried) return this.#tried;
    const key = keyOf(kind, geometry, types);
    this.#note({ key, kind, geometry, types, flops: flopsOf(geometry) });
    const choice = Object.hasOwn(this.table, key) ? parseChoice(this.table[key]) : null;
    return choice && this.variants.includes(choice.variant) ? choice : this.fixed;
  }

  /** Runs `body` with one choice for every request, recording none. */
  trying<T>(choice: ConvChoice, body: () => T): T {
    this.#tried = choice;
    try {
      return body();
    } finally {
      this.#tried = null;
    }
  }

  #note(call: AskedKernel): void {
    const known = this.#asked.get(call.key);
    if (known) known.flops += call.flops;
    if (known && known.geometry.images >= call.geometry.images) return;
    this.#asked.set(call.key, {
      ...call,
      geometry: plainGeometry(call.geometry),
      flops: known?.flops ?? call.flops,
    });
  }
}

/** Drops the operands of a call, which must not be kept alive. */
function plainGeometry(call: ConvGeometry): ConvGeometry {
  const { images, inChannels, height, width, outChannels, outHeight, outWidth } = call;
  const { kernel, stride, padding, isTransposed } = call;
  return {
    ...{ images, inChannels, height, width, outChannels, outHeight, outWidth },
    ...{ kernel, stride, padding, isTransposed },
  };
}

/**
 * The computation without the number of images: `conv weight 3x3/1 64->64 16x16`, `matmul 64x512->128`; then the operands that
 * are not f32: `conv 3x3/1 64->64 16x16, x f16, y f16`.
 */
export function keyOf(kind: ConvKind, geometry: ConvGeometry, types = ALL_F32): string {
  const others = OPERANDS.filter((operand) => types[operand] !== 'f32');
  return [shapeKeyOf(kind, geometry), ...others.map((operand) => `${operand} ${types[operand]}`)].join(', ');
}

function shapeKeyOf(kind: ConvKind, geometry: ConvGeometry): string {
  const { inChannels, outChannels, height, width, outHeight, outWidth, kernel, stride, isTransposed } = geometry;
  const weight = kind === 'weight' ? ' weight' : '';
  if (kernel[0] * kernel[1] * height === 1) return `matmul${weight} ${width}x${inChannels}->${outChannels}`;
  const pass = isTransposed ? ' input' : weight;
  const steps = stride[0] === stride[1] ? stride[0] : stride.join('x');
  return `conv${pass} ${kernel.join('x')}/${steps} ${inChannels}->${outChannels} ${outHeight}x${outWidth}`;
}

/** Floating-point operations of the whole window. */
export function flopsOf(geometry: ConvGeometry): number {
  const { images, inChannels, outChannels, height, width, outHeight, outWidth, kernel, isTransposed } = geometry;
  // a transposed window has one product for each source pixel and tap
  const pixels = images * (isTransposed ? height * width : outHeight * outWidth);
  return 2 * pixels * inChannels * outChannels * kernel[0] * kernel[1];
}

export function nameOf({ variant, patch }: ConvChoice): string {
  return patch ? `${variant} ${patch.join('x')}` : variant;
}

/** The choice with a name; null if unknown, as from another version. */
function parseChoice(name: string): ConvChoice | null {
  const [, variant, rows, cols] = /^(\w+)(?: (\d+)x(\d+))?$/.exec(name) ?? [];
  const known = VARIANT_NAMES.find((each) => each === variant);
  return known ? { variant: known, patch: rows ? [Number(rows), Number(cols)] : null } : null;
}

/** `value` as a table, or null if it is not one. */
export function parseKernelTable(value: unknown): KernelTable | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.values(value).every((name) => typeof name === 'string' && parseChoice(name) !== null)
    ? (value as KernelTable)
    : null;
}
