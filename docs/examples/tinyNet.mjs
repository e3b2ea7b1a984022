/** Learns y = |x| with a net of two layers. Runs in Node (`node docs/examples/tinyNet.mjs`) and in a page (tinyNet.html). */
import { Initializer, Linear, mean, openContext, platform, relu, SGD, square, sub } from 'oecl/runtime';

/** Trains for some steps. Returns the loss before the first and after the last. */
export async function trainTinyNet(steps = 200, options = {}) {
  const context = await openContext(platform, options);
  try {
    const init = new Initializer(context, 1, 0);
    const [hidden, out] = [new Linear(init, 1, 16), new Linear(init, 16, 1)];
    const points = Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1);
    const x = context.tensor(points, [64, 1]);
    const y = context.tensor(points.map(Math.abs), [64, 1]);
    const parameters = [hidden, out].flatMap((layer) => layer.namedParameters().map(([, tensor]) => tensor));
    const optimizer = new SGD(parameters, { learningRate: context.tensor([0.05], []), momentum: 0.9 });
    // recorded once, then the same launches every step
    const plan = await context.record(() => {
      const loss = mean(square(sub(out.forward(relu(hidden.forward(x))), y)));
      optimizer.minimize(loss);
      return loss;
    });
    const losses = [];
    for (let step = 0; step < steps; step++) {
      plan.run();
      if (step === 0 || step === steps - 1) losses.push((await plan.outputs.read())[0]);
    }
    return losses;
  } finally {
    await context.close();
  }
}

export const losses = await trainTinyNet();
console.log(losses);
