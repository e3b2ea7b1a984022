/** A part of a network, with named parameters, buffers (running statistics) and children. Names are as in PyTorch. */
import type { Tensor } from '../tensor.ts';

export type Named = [name: string, tensor: Tensor];

export abstract class Module {
  readonly #parameters: Named[] = [];
  readonly #buffers: Named[] = [];
  readonly #children: [string, Module][] = [];
  #isFrozen = false;

  /**
   * The output for a batch.
   * @param training true: batch statistics are used and update the running ones; false: the running ones are used
   */
  abstract forward(input: Tensor, training: boolean): Tensor;

  /** Trainable tensors with their full names, in order of creation. */
  namedParameters(prefix = ''): Named[] {
    return this.#collect(prefix, (module) => module.#parameters);
  }

  /** Running statistics with their full names: saved with the model but not trained. */
  namedBuffers(prefix = ''): Named[] {
    return this.#collect(prefix, (module) => module.#buffers);
  }

  /** Fixes it for good: its parameters get no gradient, and its batch norms use their running statistics in training, too. */
  freeze(): void {
    this.#isFrozen = true;
    for (const [, tensor] of this.#parameters) tensor.requiresGrad = false;
    for (const [, child] of this.#children) child.freeze();
  }

  protected get isFrozen(): boolean {
    return this.#isFrozen;
  }

  protected parameter(name: string, tensor: Tensor): Tensor {
    tensor.requiresGrad = true;
    this.#parameters.push([name, tensor]);
    return tensor;
  }

  protected buffer(name: string, tensor: Tensor): Tensor {
    this.#buffers.push([name, tensor]);
    return tensor;
  }

  /** Registers a child. `name` may be dotted, or empty to add no prefix to the child's names. */
  protected child<M extends Module>(name: string, module: M): M {
    this.#children.push([name, module]);
    return module;
  }

  #collect(prefix: string, own: (module: Module) => Named[]): Named[] {
    const named = own(this).map(([name, tensor]): Named => [join(prefix, name), tensor]);
    return named.concat(this.#children.flatMap(([name, child]) => child.#collect(join(prefix, name), own)));
  }
}

function join(prefix: string, name: string): string {
  return prefix && name ? `${prefix}.${name}` : prefix || name;
}
