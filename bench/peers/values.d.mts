export interface ParameterValues {
  shape: number[];
  values: Float32Array<ArrayBuffer>;
}

export function uniform(count: number, bound: number, seed: number): Float32Array<ArrayBuffer>;
export function encoderParameters(width: number, stemSide?: number): ParameterValues[];
export function blocksOf(width: number): { out: number; stride: number }[];
export const LEARNING_RATE: number;
export const MOMENTUM: number;
export const WEIGHT_DECAY: number;
export const TEMPERATURE: number;
