/** Tape and backward pass: order, reuse, lifetimes. With exact numbers, so that a missed or repeated visit shows. */
import { expect, test } from 'vitest';
import { reverseTopologicalOrder } from '../../runtime/autograd/backward.ts';
import { TapeNode } from '../../runtime/autograd/tape.ts';
import * as rt from '../../runtime/index.ts';
import { describeOp } from '../helpers/gradSuite.ts';

describeOp('tape', (suite) => {
  const leafOf = (values: number[], shape: number[] = [values.length]) => {
    const leaf = suite.context.tensor(values, shape);
    leaf.requiresGrad = true;
    return leaf;
  };
  const valuesOf = async (tensor: rt.Tensor | null) => Array.from(await tensor!.read());

  test('a chain of 30 diamonds has the gradient 2^30, in 30 visits', async () => {
    const x = leafOf([1]);
    let y = x;
    for (let i = 0; i < 30; i++) y = rt.add(y, y);
    rt.backward(rt.sum(y));
    expect(await y.item()).toBe(2 ** 30);
    expect(await valuesOf(x.grad)).toEqual([2 ** 30]);
  });

  test('30 diamonds whose sides are of unequal length', async () => {
    const x = leafOf([1]);
    let y = x;
    for (let i = 0; i < 30; i++) y = rt.add(rt.neg(rt.neg(y)), y);
    rt.backward(rt.sum(y));
    expect(await valuesOf(x.grad)).toEqual([2 ** 30]);
  });

  test('a chain of 100000 ops does not overflow the stack', () => {
    let last = new TapeNode('first', [], [], [], () => []);
    for (let i = 0; i < 100_000; i++) {
      const input = { node: last } as unknown as rt.Tensor; // all that the ordering uses
      last = new TapeNode('next', [input, input], [], [], () => []);
    }
    const order = reverseTopologicalOrder(last);
    expect(order.length).toBe(100_001);
    expect(order[0] === last && order[100_000].name === 'first').toBe(true);
  });

  test('a leaf used in several places gets the sum; two leaves of one sum get gradients of their own', async () => {
    const [a, b] = [leafOf([2, 3]), leafOf([5, 7])];
    rt.backward(rt.sum(rt.add(rt.mul(a, b), rt.add(a, b))));
    expect(await valuesOf(a.grad)).toEqual([6, 8]);
    expect(await valuesOf(b.grad)).toEqual([3, 4]);
    a.grad!.dispose();
    expect(await valuesOf(b.grad)).toEqual([3, 4]);
  });

  test('a second backward replaces the gradient', async () => {
    const x = leafOf([2]);
    rt.backward(rt.sum(rt.square(x)));
    rt.backward(rt.sum(rt.scale(x, 3)));
    expect(await valuesOf(x.grad)).toEqual([3]);
  });

  test("a gradient has its leaf's shape and memory order", async () => {
    const x = suite.context.tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2], { order: rt.CHANNELS_LAST });
    x.requiresGrad = true;
    rt.backward(rt.sum(rt.square(rt.transpose(x))));
    expect(x.grad!.shape).toEqual(x.shape);
    expect(x.grad!.strides).toEqual(x.strides);
    expect(await valuesOf(x.grad)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });

  test('backward needs a scalar that depends on a leaf', () => {
    const x = leafOf([1, 2]);
    expect(() => rt.backward(rt.square(x))).toThrow('backward: the loss is [2], expected one element.');
    expect(() => rt.backward(rt.sum(suite.context.zeros([2])))).toThrow(
      'depends on no tensor that requires a gradient',
    );
    expect(() => rt.backward(suite.context.noGrad(() => rt.sum(x)))).toThrow(
      'depends on no tensor that requires a gradient',
    );
  });

  test('noGrad leaves no tape, also after an error', () => {
    const { context } = suite;
    const x = leafOf([1, 2]);
    expect(context.noGrad(() => rt.square(x)).requiresGrad).toBe(false);
    expect(() => context.noGrad(() => rt.add(x, context.zeros([3])))).toThrow('do not broadcast');
    expect(rt.square(x).requiresGrad).toBe(true);
  });

  test('detach cuts the history: the detached factor is a constant', async () => {
    const x = leafOf([3]);
    rt.backward(rt.sum(rt.mul(x, x.detach())));
    expect(await valuesOf(x.grad)).toEqual([3]);
  });

  test('leaves without requiresGrad get no gradient', async () => {
    const [a, b] = [leafOf([2]), suite.context.tensor([5], [1])];
    rt.backward(rt.sum(rt.mul(a, b)));
    expect(await valuesOf(a.grad)).toEqual([5]);
    expect(b.grad).toBe(null);
  });

  /** Copies the gradient that a hook is given, which is disposed after the call. */
  function collector() {
    const gradients: rt.Tensor[] = [];
    const hook = (gradient: rt.Tensor) => {
      const copy = gradient.detach();
      suite.context.keep(copy);
      gradients.push(copy);
    };
    return { gradients, hook };
  }

  test('a hook gets the whole gradient of its leaf, in the memory order of the leaf; .grad stays empty', async () => {
    const x = suite.context.tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2], { order: rt.CHANNELS_LAST });
    x.requiresGrad = true;
    const b = leafOf([5]);
    const { gradients, hook } = collector();
    rt.backward(rt.sum(rt.mul(rt.add(rt.square(x), rt.square(x)), b)), new Map([[x, hook]]));
    expect(gradients.length).toBe(1);
    expect(gradients[0].strides).toEqual(x.strides);
    expect(await valuesOf(gradients[0])).toEqual([20, 40, 60, 80, 100, 120, 140, 160]);
    expect(x.grad).toBe(null);
    expect(await valuesOf(b.grad)).toEqual([408]);
  });

  test('a hook may update its leaf: no later node reads it, not even through a view', async () => {
    const { context } = suite;
    const [w, u] = [leafOf([3, 4]), leafOf([5, 6])];
    const { gradients, hook } = collector();
    // the gradient of w is complete before the pass reaches the inner product, whose gradient reads w
    const loss = rt.sum(rt.mul(w, rt.mul(rt.reshape(w.detach(), [2]), u)));
    const change = (gradient: rt.Tensor) => {
      hook(gradient);
      context.copy(context.zeros([2]), w);
    };
    rt.backward(loss, new Map([[w, change]]));
    expect(await valuesOf(gradients[0])).toEqual([15, 24]);
    expect(await valuesOf(u.grad)).toEqual([9, 16]);
    expect(await valuesOf(w)).toEqual([0, 0]);
  });

  test('an output that the loss does not use', async () => {
    const x = leafOf([1, 2, 3]);
    const [, second] = rt.split(x, [1, 2]);
    rt.backward(rt.sum(rt.square(second)));
    expect(await valuesOf(x.grad)).toEqual([0, 4, 6]);
  });

  test('a scope keeps what it returns with its tape, and frees the rest', async () => {
    const { context } = suite;
    const x = leafOf([1, 2]);
    const before = context.memory().liveTensors;
    const loss = context.scope(() => {
      rt.exp(x); // unreachable
      return rt.sum(rt.square(x));
    });
    expect(context.memory().liveTensors).toBeGreaterThan(before);
    rt.backward(loss);
    expect(await valuesOf(x.grad)).toEqual([2, 4]);
    const nothing = context.memory().liveTensors;
    context.scope(() => {
      rt.sum(rt.square(x));
    });
    expect(context.memory().liveTensors).toBe(nothing);
  });

  test('a scope frees its tensors if its body throws', () => {
    const { context } = suite;
    const before = context.memory().liveTensors;
    expect(() =>
      context.scope(() => {
        context.zeros([4]);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(context.memory().liveTensors).toBe(before);
  });

  test('a disposed tensor is refused', () => {
    const { context } = suite;
    const x = leafOf([1]);
    const gone = context.zeros([1]);
    gone.dispose();
    expect(() => rt.add(x, gone)).toThrow('was used after dispose()');
  });
});
