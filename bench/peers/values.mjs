/** Inputs and initial parameters, the same for every contestant, so that results can be compared. */

/** `count` numbers in [-bound, bound), from a multiplicative hash of (seed, index): exact in every engine. */
export function uniform(count, bound, seed) {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    values[i] = (((h ^ (h >>> 16)) >>> 8) / 2 ** 23 - 1) * bound;
  }
  return values;
}

/**
 * The encoder's parameters in the order in which it makes them: each with its logical (PyTorch) shape and first values.
 * ResNet-18, then linear - BN - ReLU - linear.
 * @param stemSide of the first convolution's kernel: 3, or 7 for images above 64 pixels
 */
export function encoderParameters(width, stemSide = 3) {
  const parameters = [];
  const weight = (...shape) => {
    const fanIn = shape.slice(1).reduce((product, side) => product * side, 1);
    const count = shape[0] * fanIn;
    parameters.push({ shape, values: uniform(count, 1 / Math.sqrt(fanIn), parameters.length) });
    return fanIn;
  };
  const vector = (length, value) => parameters.push({ shape: [length], values: new Float32Array(length).fill(value) });
  const convolution = (inChannels, outChannels, side) => {
    weight(outChannels, inChannels, side, side);
    vector(outChannels, 1);
    vector(outChannels, 0);
  };
  const linear = (inFeatures, outFeatures) => {
    const fanIn = weight(outFeatures, inFeatures);
    parameters.push({
      shape: [outFeatures],
      values: uniform(outFeatures, 1 / Math.sqrt(fanIn), parameters.length),
    });
  };
  convolution(3, width, stemSide);
  let channels = width;
  for (const { out, stride } of blocksOf(width)) {
    convolution(channels, out, 3);
    convolution(out, out, 3);
    if (stride !== 1 || channels !== out) convolution(channels, out, 1);
    channels = out;
  }
  const hidden = Math.min(512, channels);
  linear(channels, hidden);
  vector(hidden, 1);
  vector(hidden, 0);
  linear(hidden, 128);
  return parameters;
}

/** Output channels and stride of the eight basic blocks. */
export function blocksOf(width) {
  return [0, 0, 1, 1, 2, 2, 3, 3].map((stage, i) => ({
    out: width * 2 ** stage,
    stride: stage > 0 && i % 2 === 0 ? 2 : 1,
  }));
}

export const LEARNING_RATE = 0.01;
export const MOMENTUM = 0.9;
export const WEIGHT_DECAY = 5e-4;
export const TEMPERATURE = 0.5;
