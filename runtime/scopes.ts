/** Which tensors end with which scope: those made in it that its result does not reach. */
import { Tensor } from './tensor.ts';

export class Scopes {
  /** What was made in each open scope, the innermost last. */
  readonly #open: Set<Tensor>[] = [];

  /** Runs `body` and disposes the tensors made in it, but for those that its result reaches: they go to the scope outside. */
  run<T>(body: () => T): T {
    const { result, made } = this.gather(body);
    const kept = reachableTensors(result);
    for (const tensor of [...made]) {
      if (kept.has(tensor)) this.add(tensor);
      else tensor.dispose();
    }
    return result;
  }

  /** Runs `body` and hands over the tensors made in it. All of them are disposed when it throws. */
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

  /** A tensor that was just made. */
  add(tensor: Tensor): void {
    this.#open.at(-1)?.add(tensor);
  }

  /** A tensor that no scope may dispose any more. */
  remove(tensor: Tensor): void {
    for (const scope of this.#open) scope.delete(tensor);
  }
}

/** One by one: as arguments of a single call, some hundred thousand values would exhaust the stack. */
function pushAll(target: unknown[], ...lists: Iterable<unknown>[]): void {
  for (const list of lists) for (const value of list) target.push(value);
}

/** Tensors in a value (tensor, array, plain object), with what their tapes hold. */
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
