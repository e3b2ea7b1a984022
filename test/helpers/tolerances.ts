/**
 * Tolerances against f64 references, all in one table. Errors are relative to
 * max(|expected|, floor * largest |expected| of the tensor). The floor is for elements that are almost 0 because terms
 * canceled: they keep the rounding errors of the terms, which are as large as the tensor's other elements.
 */

export interface Tolerance {
  name:
    | 'exact'
    | 'elementwise'
    | 'half'
    | 'halfNetwork'
    | 'reduction'
    | 'transcendental'
    | 'network'
    | 'twoNetworks'
    | 'trainingLoss'
    | 'trainedChange'
    | 'view';
  relative: number;
  floor: number;
}

/** Moves, copies, signs, comparisons: exact bits. References of gradients are differences, accurate to 1e-9. */
const exact: Tolerance = { name: 'exact', relative: 0, floor: 0 };

/**
 * A few roundings of f32 (2^-24 = 6e-8 each, 2.5 units for a division and a square root as WGSL allows): 1e-6. A gradient
 * of a broadcast operand is a short sum, hence the floor.
 */
const elementwise: Tolerance = { name: 'elementwise', relative: 1e-6, floor: 0.01 };

/**
 * Values stored as f16, with 11 bits: WGSL allows a store to round either way, so 2^-10, plus earlier f32 errors. The
 * floor is for sums that cancel, whose errors are those of their terms.
 */
const half: Tolerance = { name: 'half', relative: 1e-3, floor: 0.1 };

/**
 * A network in f16 against itself in f32, relative to the largest value: some 20 roundings of 2^-11 add up like a random
 * walk, 2e-3, and batch norms over few values amplify them. The worst seen is 6.5e-3.
 */
const halfNetwork: Tolerance = { name: 'halfNetwork', relative: 1e-2, floor: 1 };

/** Sums of K terms: errors of the roundings add up like a random walk, 1e-6 sqrt(K) (Higham 2002, section 2.8). */
const reduction = (K: number): Tolerance => ({ name: 'reduction', relative: 1e-6 * Math.sqrt(K), floor: 0.1 });

/**
 * exp and log: WGSL allows exp 3 + 2 |x| units and log an absolute 2^-21 in [0.5, 2], so about 1e-6 per evaluation; 1e-5
 * after the sums and quotients around them.
 */
const transcendental: Tolerance = { name: 'transcendental', relative: 1e-5, floor: 0.1 };

/**
 * A whole network, forward and backward: some 30 layers, of which batch norms over few values divide by small deviations
 * and so amplify earlier errors; 1e-3, as for the loss of training at step 10.
 */
const network: Tolerance = { name: 'network', relative: 1e-3, floor: 0.1 };

/**
 * Gradients of one network in two f32 implementations, each with different roundings, amplified as those of `network`;
 * relative to the largest of the tensor, as gradients of a weight are sums that cancel. The worst seen is 1.1e-5.
 */
const twoNetworks: Tolerance = { name: 'twoNetworks', relative: 5e-5, floor: 1 };

/**
 * Losses of ten training steps in two f32 implementations. Steps amplify earlier differences: weights that differ
 * by 1e-6 give losses that differ by 2e-5. The worst seen is 4e-6.
 */
const trainingLoss: Tolerance = { name: 'trainingLoss', relative: 1e-4, floor: 0 };

/**
 * How far training moved the weights, relative to the tensor's largest: views, losses and gradients of two
 * implementations, and steps that amplify earlier differences. A wrong rate, pairing or lambda changes them by 1e-1 or
 * more.
 */
const trainedChange: Tolerance = { name: 'trainedChange', relative: 2e-3, floor: 1 };

/**
 * An augmented view: weights of up to thousands of source pixels, four color operations, then a division by deviations of
 * about 1/4, which multiplies earlier errors by four. Relative to the largest value, as colors may be close to 0; the
 * worst seen is 2.3e-6.
 */
const view: Tolerance = { name: 'view', relative: 1e-5, floor: 1 };

export const tolerance = {
  exact,
  elementwise,
  half,
  halfNetwork,
  reduction,
  transcendental,
  network,
  twoNetworks,
  trainingLoss,
  trainedChange,
  view,
};

/** The accuracy of differences of the f64 reference (step 1e-5, error about 1e-16 / 1e-5 and h^2 f'''). */
export const DIFFERENCES = 1e-8;
