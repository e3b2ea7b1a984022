/** The methods, in listing order. To add one, add a file in this folder and a line here. */
import type { OptionTable } from '../base/options.ts';
import { alignUniform } from './alignUniform.ts';
import { bce } from './bce.ts';
import { csi } from './csi.ts';
import { dn2 } from './dn2.ts';
import { dsad } from './dsad.ts';
import { dsvdd } from './dsvdd.ts';
import { firm } from './firm.ts';
import { focal } from './focal.ts';
import { gt, gtPlus } from './gt.ts';
import { gt72 } from './gt72.ts';
import { hsc } from './hsc.ts';
import type { Method } from './method.ts';
import { oecl } from './oecl.ts';
import { panda } from './panda.ts';
import { patchcore } from './patchcore.ts';
import { probe } from './probe.ts';
import { selfOecl } from './selfOecl.ts';
import { simclr } from './simclr.ts';
import { supclr } from './supclr.ts';
import { supclrOe } from './supclrOe.ts';

const TABLE = [
  oecl,
  selfOecl,
  simclr,
  csi,
  supclr,
  supclrOe,
  alignUniform,
  firm,
  hsc,
  dsad,
  dsvdd,
  bce,
  focal,
  gt,
  gtPlus,
  gt72,
  dn2,
  patchcore,
  panda,
  probe,
] as const;

export type MethodName = (typeof TABLE)[number]['name'];

type ValuesOf<M> = M extends Method<infer Values, string> ? Values : never;
type Joined<Each> = (Each extends object ? (each: Each) => void : never) extends (all: infer All) => void ? All : never;

/** The configuration values that methods read. */
export type MethodValues = Partial<Joined<ValuesOf<(typeof TABLE)[number]>>>;

export const METHODS: readonly Method<object, MethodName>[] = TABLE;
export const METHOD_NAMES: readonly MethodName[] = METHODS.map(({ name }) => name);

export const methodNamed = (name: MethodName): Method<object, MethodName> =>
  METHODS.find((method) => method.name === name)!;

/** Whether a method trains on outlier-exposure images. */
export function usesOutliers(name: MethodName, values: object): boolean {
  const { outliers } = methodNamed(name).batch(values);
  return outliers !== undefined && (outliers.of ?? 'exposed') === 'exposed';
}

/** The options of all methods, each key once, with the methods that have it in the help. */
export const METHOD_OPTIONS: OptionTable = METHODS.flatMap(({ options }) => options)
  .filter(({ key }, i, all) => all.findIndex((other) => other.key === key) === i)
  .map((option) => {
    const owners = METHODS.filter(({ options }) => options.some(({ key }) => key === option.key));
    return { ...option, help: `${option.help} (${owners.map(({ name }) => name).join(', ')})` };
  });

/** Whether a method changes the weights of its network. */
export const isTrained = (name: MethodName): boolean => methodNamed(name).loss !== undefined;
