/** The augmentations by name: which transforms a view goes through, and how strong (docs/methods.md 5). */

/**
 * `resized`: a part of random area and aspect ratio, resized. `window`: a square of the view's side at a random place; images
 * without room for it get a black border of an eighth of the side. `center`: as the plain view.
 */
export type Crop = 'resized' | 'window' | 'center';

export interface Augmentation<Name extends string = string> {
  readonly name: Name;
  /** A phrase for the help. */
  readonly summary: string;
  readonly crop: Crop;
  /** Probabilities. */
  readonly flip: number;
  readonly jitter: number;
  readonly gray: number;
  /** Of the jitter: brightness, contrast and saturation by factors from 1 - s to 1 + s, hue by -s to s of a turn. */
  readonly strengths: readonly [brightness: number, contrast: number, saturation: number, hue: number];
  /** Standard deviation of the noise of each channel, at the sides for which it is meant. */
  readonly noise?: { readonly deviation: number; readonly largestSide: number };
}

const NO_CHANGE = { flip: 0, jitter: 0, gray: 0, strengths: [0, 0, 0, 0] } as const;

const TABLE = [
  {
    name: 'simclr',
    summary: 'random resized crop, flip, strong color jitter, grayscale',
    ...{ crop: 'resized', flip: 0.5, jitter: 0.8, gray: 0.2, strengths: [0.4, 0.4, 0.4, 0.1] },
  },
  {
    name: 'light',
    summary: 'slight color jitter, flip, a crop without resizing, slight noise up to 32 px (Liznerski et al. 2022)',
    ...{ crop: 'window', flip: 0.5, jitter: 1, gray: 0, strengths: [0.01, 0.01, 0.01, 0.01] },
    noise: { deviation: 0.001, largestSide: 32 },
  },
  { name: 'crop-flip', summary: 'flip and a crop without resizing', ...NO_CHANGE, crop: 'window', flip: 0.5 },
  { name: 'none', summary: 'the middle of the image', ...NO_CHANGE, crop: 'center' },
] as const satisfies readonly Augmentation[];

export type AugmentationName = (typeof TABLE)[number]['name'];

export const AUGMENTATIONS: readonly Augmentation<AugmentationName>[] = TABLE;
export const AUGMENTATION_NAMES: readonly AugmentationName[] = AUGMENTATIONS.map(({ name }) => name);

export const augmentationNamed = (name: AugmentationName): Augmentation<AugmentationName> =>
  AUGMENTATIONS.find((augmentation) => augmentation.name === name)!;
