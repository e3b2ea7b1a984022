/**
 * The tape: what ops leave behind so that backward.ts can differentiate them. A node is one op call: its inputs, its
 * outputs, and a closure from gradients of the outputs to gradients of the inputs.
 */
import type { Tensor } from '../tensor.ts';

export type Gradients = (Tensor | null)[];

/**
 * Gradients of the outputs -> gradients of the inputs. Where an output was used more than once, the last summand of its
 * gradient may come as its addend, null for the others: a kernel that reads the gradient anyway saves the launch of a sum.
 */
type Backward = (dOutputs: Gradients, addends?: Gradients) => Gradients;

export class TapeNode {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Kept for backward, so that a scope that ends in between does not free them. */
  readonly saved: readonly Tensor[];
  readonly backward: Backward;
  /** Whether backward adds what it is given as addends; if not, it is given none. */
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
 * Attaches history to an op's output when gradients are on and an input requires one. Returns the output.
 * @param saved what backward reads besides the inputs
 * @param backward dOutput -> a gradient for every input, of the input's logical shape in any memory order, or null
 * @param options takesAddend: the gradient is dOutput + addend where backward is given one, of any memory order
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

/** As differentiable(), for an op with several outputs; an output that the loss does not use has a null gradient. */
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
