/** How many lanes share their reads, and how channels are distributed over lanes. */
import type { Context } from '../context.ts';

export interface Lanes {
  /** Lanes guaranteed to form a subgroup; without subgroups, a reasonable number. */
  LANES: number;
  /** Lanes of the largest useful workgroup. */
  most: number;
}

export function lanesOf({ features, info }: Context): Lanes {
  const LANES = features.subgroups ? Math.min(features.subgroupMinSize, 64) : 8;
  // a software adapter runs the subgroups of a workgroup in sequence, so small workgroups spread better over its cores
  return { LANES, most: info.isSoftware ? LANES : Math.max(64, LANES) };
}

/** The element type of a kernel and its bits type: four channels, or one. */
export const elementTypes = (isVector: boolean): { T: string; I: string } =>
  isVector ? { T: 'vec4<f32>', I: 'vec4<i32>' } : { T: 'f32', I: 'i32' };

/** The widest vector of at most `most` elements that divides the channels and leaves no lane of a subgroup idle. */
export function vectorOf(channels: number, most: number, lanes: number): number {
  const dividing = [4, 2, 1].filter((width) => width <= most && channels % width === 0);
  return dividing.find((width) => channels >= width * lanes) ?? dividing[dividing.length - 1];
}

/** Lanes per workgroup for a number of runs of channels: a power-of-two multiple of LANES. */
export function runWidthOf({ LANES, most }: Lanes, runs: number): number {
  let width = LANES;
  while (width < most && width < runs) width *= 2;
  return width;
}
