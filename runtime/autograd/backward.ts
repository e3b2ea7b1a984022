/**
 * Reverse-mode differentiation: walks the tape from a loss to its leaves, and adds up the gradients. First derivatives
 * only: the backward pass leaves no tape.
 */
import { anything, checkArguments, float } from '../arguments.ts';
import type { Storage } from '../device/memory.ts';
import { internal, ShapeError } from '../errors.ts';
import { add } from '../ops/elementwise.ts';
import { copyOf, inOrder } from '../ops/layout.ts';
import { denseOrder, formatShape, sameShape } from '../shape.ts';
import { sharesMemory, type Tensor } from '../tensor.ts';
import type { TapeNode } from './tape.ts';

/**
 * Receives the gradient of a leaf, in the leaf's memory order, instead of `.grad`. Called during the pass as soon as the
 * gradient is complete and no later node reads the leaf, so it may update the leaf. The gradient is disposed after the call.
 */
export type GradientHooks = ReadonlyMap<Tensor, (gradient: Tensor) => void>;

/** The nodes that `root` depends on, each after all nodes that use its outputs. Iterative, so that depth needs no stack. */
export function reverseTopologicalOrder(root: TapeNode): TapeNode[] {
  const order: TapeNode[] = [];
  const state = new Map<TapeNode, 'open' | 'done'>();
  const stack = [root];
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    if (state.has(node)) {
      stack.pop();
      if (state.get(node) === 'open') {
        state.set(node, 'done');
        order.push(node);
      }
      continue;
    }
    state.set(node, 'open');
    for (const { node: parent } of node.inputs) if (parent && !state.has(parent)) stack.push(parent);
  }
  return order.reverse();
}

/**
 * Sets `.grad` of every leaf with requiresGrad to dLoss/dLeaf, replacing earlier gradients, and frees the tape. If the leaf
 * has a `gradPlace` (packParameters), the gradient is written there.
 * @throws ShapeError when the loss is not a scalar or depends on nothing that requires a gradient
 */
export function backward(loss: Tensor, hooks: GradientHooks = new Map()): void {
  checkArguments('backward', { loss: float, hooks: anything }, [loss, hooks]);
  const { context } = loss;
  if (loss.size !== 1) {
    throw new ShapeError(`backward: the loss is ${formatShape(loss.shape)}, expected one element.`, {
      remedy: 'take mean() or sum() first',
    });
  }
  const root = loss.node;
  if (!root) {
    if (loss.requiresGrad) {
      throw new ShapeError('backward: the loss has no tape: its gradients were computed before, or it is a leaf.', {
        remedy: 'compute the loss again before each backward()',
      });
    }
    throw new ShapeError('backward: the loss depends on no tensor that requires a gradient.', {
      remedy: 'set requiresGrad on the parameters, and compute the loss outside noGrad()',
    });
  }
  context.noGrad(() => {
    const leafGradients = context.scope(() => {
      const gradients: PendingSums = new Map([[loss, [context.full(loss.shape, 1)]]]);
      const order = reverseTopologicalOrder(root);
      const lastReader = lastReaders(order, [...hooks.keys()]);
      for (const node of order) {
        propagate(node, gradients);
        for (const [leaf, hook] of hooks) {
          if (!gradients.has(leaf) || lastReader.get(leaf) !== node) continue;
          hook(inMemoryOrder(leaf, total(gradients.get(leaf)!)));
          gradients.delete(leaf);
        }
      }
      const taken = new Set<Storage>();
      return [...gradients].map(([leaf, sum]) => settle(leaf, total(sum), taken));
    });
    // they belong to their leaves, not to the caller's scope; in a plan they live until the end of the step
    if (!context.isRecording) for (const gradient of leafGradients) context.keep(gradient);
  });
}

/** For each leaf, the last node to read its memory, directly or through a view. */
function lastReaders(order: readonly TapeNode[], leaves: readonly Tensor[]): Map<Tensor, TapeNode> {
  const last = new Map<Tensor, TapeNode>();
  for (const node of order)
    for (const read of [...node.inputs, ...node.saved])
      for (const leaf of leaves) if (sharesMemory(leaf, read)) last.set(leaf, node);
  return last;
}

/** The gradients so far: each a tensor, or two whose sum is still to be computed. */
type PendingSums = Map<Tensor, readonly [Tensor, Tensor?]>;

const total = ([gradient, addend]: readonly [Tensor, Tensor?]): Tensor => (addend ? add(gradient, addend) : gradient);

/** Runs one node's backward and adds the results to the gradients of its inputs. */
function propagate(node: TapeNode, gradients: PendingSums): void {
  const sums = node.outputs.map((output) => gradients.get(output));
  for (const output of node.outputs) {
    gradients.delete(output);
    output.node = null;
  }
  const dInputs = node.takesAddends
    ? node.backward(
        sums.map((sum) => sum?.[0] ?? null),
        sums.map((sum) => sum?.[1] ?? null),
      )
    : node.backward(sums.map((sum) => (sum ? total(sum) : null)));
  node.inputs.forEach((input, i) => {
    const dInput = dInputs[i];
    if (!input.requiresGrad || !dInput) return;
    if (!sameShape(dInput.shape, input.shape)) {
      throw internal(
        `${node.name}: gradient ${formatShape(dInput.shape)} of input ${i}, which is ${formatShape(input.shape)}.`,
      );
    }
    const sum = gradients.get(input);
    gradients.set(input, sum ? [total(sum), dInput] : [dInput]);
  });
}

/** Stores a leaf's gradient in memory of its own, in the leaf's memory order, or at its place in the gradient arena. */
function settle(leaf: Tensor, dLeaf: Tensor, taken: Set<Storage>): Tensor {
  const ordered = inMemoryOrder(leaf, dLeaf);
  // two leaves must not share a gradient's memory: add() passes the same tensor to both of its inputs
  const shared = ordered.storage.references > 1 || taken.has(ordered.storage);
  const own = shared ? copyOf(ordered, orderOf(leaf)) : ordered;
  taken.add(own.storage);
  if (leaf.gradPlace) leaf.context.moveInto(own, leaf.gradPlace);
  else leaf.grad?.dispose();
  const gradient = leaf.gradPlace ?? own;
  leaf.grad = gradient;
  return gradient;
}

const orderOf = ({ shape, strides }: Tensor) => denseOrder(shape, strides) ?? undefined;

function inMemoryOrder(leaf: Tensor, dLeaf: Tensor): Tensor {
  return inOrder(dLeaf, orderOf(leaf));
}
