/** Scopes: each disposes the tensors created in it, except those reachable from its result. */
import { Tensor } from './tensor.ts';

export class Scopes {
  /** The tensors created in each open scope, innermost last. */
  readonly #open: Set<Tensor>[] = [];

  /** Runs `body` and disposes the tensors created in it; those reachable from its result move to the enclosing scope. */
  run<T>(body: () => T): T {
    const { result, made } = this.gather(body);
    const kept = reachableTensors(result);
    for (const tensor of [...made]) {
      if (kept.has(tensor)) this.add(tensor);
      else tensor.dispose();
    }
    return result;
  }

  /** Runs `body` and returns the tensors created in it. Disposes them all if it throws. */
  gather<T>(body: () => T): { result: T; made: Set<Tensor> } {
    const made = new Set<Tensor>();
    this.#open.push(made);
    try {
      return { result: body(), made };
    } catch (error) {
      for (const tensor of [...made]) tensor.dispose();
      throw error;
    } finally {
      this.#open.pop();
    }
  }

  /** Adds a new tensor to the innermost scope. */
  add(tensor: Tensor): void {
    this.#open.at(-1)?.add(tensor);
  }

  /** Removes a tensor from all scopes. */
  remove(tensor: Tensor): void {
    for (const scope of this.#open) scope.delete(tensor);
  }
}

/** Pushes one by one: spreading some hundred thousand arguments would overflow the stack. */
function pushAll(target: unknown[], ...lists: Iterable<unknown>[]): void {
  for (const list of lists) for (const value of list) target.push(value);
}

/** The tensors in a value (tensor, array, plain object), with those on their tapes. */
export function reachableTensors(value: unknown): Set<Tensor> {
  const found = new Set<Tensor>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (next instanceof Tensor) {
      if (found.has(next)) continue;
      found.add(next);
      if (next.grad) open.push(next.grad);
      if (next.node) pushAll(open, next.node.inputs, next.node.saved);
    } else if (Array.isArray(next)) pushAll(open, next);
    else if (next && typeof next === 'object' && Object.getPrototypeOf(next) === Object.prototype)
      pushAll(open, Object.values(next));
  }
  return found;
}
