/**
 * The tape: what ops leave behind so that backward.ts can differentiate them. A node is one op call: its inputs, its
 * outputs, and a closure from gradients of the outputs to gradients of the inputs.
 */
import type { Tensor } from '../tensor.ts';

export type Gradients = (Tensor | null)[];

/**
 * Gradients of the outputs -> gradients of the inputs. If an output has several uses, the last summand of its gradient may
 * be passed as its addend (null otherwise): a kernel that reads the gradient anyway adds it and saves a launch.
 */
type Backward = (dOutputs: Gradients, addends?: Gradients) => Gradients;

export class TapeNode {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Tensors that backward reads; a scope that ends before it must not free them. */
  readonly saved: readonly Tensor[];
  readonly backward: Backward;
  /** True if backward adds the addends it is given. Otherwise it is given none. */
  readonly takesAddends: boolean;

  constructor(
    name: string,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    saved: readonly Tensor[],
    backward: Backward,
    takesAddends = false,
  ) {
    this.name = name;
    this.inputs = inputs;
    this.outputs = outputs;
    this.saved = saved;
    this.backward = backward;
    this.takesAddends = takesAddends;
  }
}

/**
 * Returns the output with its history attached, if gradients are enabled and an input requires one.
 * @param saved tensors that backward reads besides the inputs
 * @param backward dOutput -> one gradient per input, with the input's shape in any memory order, or null
 * @param options takesAddend: backward accepts an addend, in any memory order; the gradient is then dOutput + addend
 */
export function differentiable(
  name: string,
  inputs: readonly Tensor[],
  output: Tensor,
  saved: readonly Tensor[],
  backward: (dOutput: Tensor, addend: Tensor | null) => Gradients,
  { takesAddend = false }: { takesAddend?: boolean } = {},
): Tensor {
  const many: Backward = ([dOutput], addends) => backward(dOutput!, addends?.[0] ?? null);
  return differentiableMany(name, inputs, [output], saved, many, takesAddend)[0];
}

/** As differentiable(), for an op with several outputs. The gradient of an output that the loss does not use is null. */
export function differentiableMany(
  name: string,
  inputs: readonly Tensor[],
  outputs: Tensor[],
  saved: readonly Tensor[],
  backward: Backward,
  takesAddends = false,
): Tensor[] {
  const { context } = inputs[0];
  if (!context.gradientsEnabled || !inputs.some((input) => input.requiresGrad)) return outputs;
  const node = new TapeNode(name, inputs, outputs, saved, backward, takesAddends);
  for (const output of outputs) {
    output.requiresGrad = true;
    output.node = node;
  }
  return outputs;
}
