/**
 * Workloads as plain data, sent to every contestant: names, shapes, floating-point operations. A multiply-add counts as two
 * operations; elementwise operations are not counted.
 */

export interface MatmulWorkload {
  kind: 'matmul';
  m: number;
  n: number;
  k: number;
}

export type ConvolutionPass = 'forward' | 'inputGradient' | 'weightGradient';
export const CONVOLUTION_PASSES: readonly ConvolutionPass[] = ['forward', 'inputGradient', 'weightGradient'];

/** Square kernels, N images of IC channels, H x W. */
export interface ConvolutionShape {
  n: number;
  ic: number;
  h: number;
  w: number;
  oc: number;
  side: number;
  stride: number;
  padding: number;
}

export interface ConvolutionWorkload extends ConvolutionShape {
  kind: 'conv2d';
  pass: ConvolutionPass;
}

/**
 * The OECL step of a ResNet-18: 2 views of `batch` normal and of `batch` outlier images in one forward pass, NT-Xent and norm
 * penalty, backward, SGD with momentum.
 */
export interface StepWorkload {
  kind: 'step';
  width: number;
  /** Side of the input, pixels. */
  size: number;
  batch: number;
  /** Type of our activations; peers only support f32. Default: f32. */
  precision?: 'f32' | 'f16';
}

export type Workload = MatmulWorkload | ConvolutionWorkload | StepWorkload;

/** The step that the documentation's measurements use. */
export const REFERENCE_STEP: StepWorkload = { kind: 'step', width: 16, size: 32, batch: 4 };

const PASS_NAMES = { forward: 'forward', inputGradient: 'input gradient', weightGradient: 'weight gradient' } as const;

export function nameOf(workload: Workload): string {
  switch (workload.kind) {
    case 'matmul':
      return `matmul ${workload.m} x ${workload.k} x ${workload.n}`;
    case 'conv2d': {
      const { n, ic, h, w, oc, side, stride, pass } = workload;
      return `conv ${side}x${side}/${stride} ${n}x${h}x${w}x${ic} -> ${oc}, ${PASS_NAMES[pass]}`;
    }
    case 'step': {
      const { width, size, batch, precision = 'f32' } = workload;
      return `step, width ${width}, ${size} px, ${4 * batch} views${precision === 'f32' ? '' : `, ${precision}`}`;
    }
  }
}

export function flopsOf(workload: Workload): number {
  switch (workload.kind) {
    case 'matmul':
      return 2 * workload.m * workload.n * workload.k;
    case 'conv2d':
      return convolutionFlops(workload);
    case 'step':
      return encoderWork(workload.width, workload.size, 4 * workload.batch).stepFlops;
  }
}

/** Height and width of a convolution's output. */
export function outputSides({ h, w, side, stride, padding }: ConvolutionShape): [number, number] {
  const after = (length: number) => Math.floor((length + 2 * padding - side) / stride) + 1;
  return [after(h), after(w)];
}

/** Per pass; the three passes cost the same. */
export function convolutionFlops(shape: ConvolutionShape): number {
  const [oh, ow] = outputSides(shape);
  return 2 * shape.n * oh * ow * shape.oc * shape.ic * shape.side ** 2;
}

/** Every convolution of a ResNet-18, in order, with both stems: up to 64 pixels `cifar`, above `imagenet`. */
export function resnetConvolutions(width: number, size: number, images: number): ConvolutionShape[] {
  const isLarge = size > 64;
  const stem = isLarge ? { side: 7, stride: 2, padding: 3 } : { side: 3, stride: 1, padding: 1 };
  const found: ConvolutionShape[] = [{ n: images, ic: 3, h: size, w: size, oc: width, ...stem }];
  let channels = width;
  let length = isLarge ? Math.ceil(size / 4) : size; // stem and max-pool halve it
  for (let block = 0; block < 8; block++) {
    const stage = Math.floor(block / 2);
    const oc = width * 2 ** stage;
    const stride = stage > 0 && block % 2 === 0 ? 2 : 1;
    const common = { n: images, oc };
    found.push({ ...common, ic: channels, h: length, w: length, side: 3, stride, padding: 1 });
    const shortcut = { ...common, ic: channels, h: length, w: length, side: 1, stride, padding: 0 };
    length = Math.ceil(length / stride);
    found.push({ ...common, ic: oc, h: length, w: length, side: 3, stride: 1, padding: 1 });
    if (stride !== 1 || channels !== oc) found.push(shortcut);
    channels = oc;
  }
  return found;
}

/** Without duplicates. */
export function distinctConvolutions(shapes: readonly ConvolutionShape[]): ConvolutionShape[] {
  return [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
}

export interface EncoderWork {
  parameters: number;
  /** Forward, both gradients; the stem's input needs none. */
  stepFlops: number;
  /**
   * f32 values that backward cannot do without: input and output of every convolution and linear layer, where one layer's
   * output after batch norm and ReLU is the next one's input.
   */
  keptActivations: number;
}

/** What one training step of the encoder (ResNet-18 and projection head) costs at the least. */
export function encoderWork(width: number, size: number, images: number): EncoderWork {
  const convolutions = resnetConvolutions(width, size, images);
  let parameters = 0;
  let forwardFlops = 0;
  let keptActivations = images * 3 * size * size;
  for (const shape of convolutions) {
    const [oh, ow] = outputSides(shape);
    const output = images * shape.oc * oh * ow;
    parameters += shape.oc * shape.ic * shape.side ** 2 + 2 * shape.oc;
    forwardFlops += convolutionFlops(shape);
    // a shortcut's normalized output goes into a sum, which keeps no operands; that of the 7x7 stem into the max-pool
    keptActivations += shape.side === 3 ? 2 * output : output;
  }
  const stem = convolutionFlops(convolutions[0]);
  const channels = 8 * width;
  const hidden = Math.min(512, channels);
  parameters += hidden * (channels + 1) + 2 * hidden + 128 * (hidden + 1);
  const headFlops = 2 * images * hidden * (channels + 128);
  // pooled features, the hidden layer before and after batch norm, and the features themselves
  keptActivations += images * (channels + 2 * hidden + 128);
  // the outputs of the max-pool, which the first block keeps, and its indices
  if (size > 64) keptActivations += 2 * images * width * Math.ceil(size / 4) ** 2;
  return { parameters, stepFlops: 3 * (forwardFlops + headFlops) - stem, keptActivations };
}
