/**
 * Checks of the arguments of public functions, before anything is launched: all tensors belong to one open context, are not
 * disposed and have a type that the op computes with, and every option exists.
 */
import { ShapeError, UsageError } from './errors.ts';
import { formatShape } from './shape.ts';
import { Tensor, usedAfterDispose } from './tensor.ts';

/** Checks one argument and collects its tensors, which must all belong to one context. @param what `op: name` */
export type Check = (what: string, value: unknown, tensors: Tensor[]) => void;

type Parameters = Readonly<Record<string, Check>>;

/** `body` with its arguments checked. @param parameters in order, under the names that errors print */
export function op<A extends unknown[], R>(
  name: string,
  parameters: Parameters,
  body: (...args: A) => R,
): (...args: A) => R {
  return (...args) => {
    checkArguments(name, parameters, args);
    return body(...args);
  };
}

/** @throws UsageError or ShapeError for the first argument that fails its check */
export function checkArguments(name: string, parameters: Parameters, args: readonly unknown[]): void {
  const names = Object.keys(parameters);
  const tensors: Tensor[] = [];
  names.forEach((parameter, i) => {
    parameters[parameter](`${name}: ${parameter}`, args[i], tensors);
  });
  const surplus = args.slice(names.length).find((each) => each !== undefined);
  if (surplus !== undefined) {
    throw new UsageError(`${name}: unexpected argument ${describe(surplus)}.`, {
      remedy: `${name}(${names.join(', ')})`,
    });
  }
  const context = tensors[0]?.context;
  if (context?.isClosed) throw new UsageError(`${name}: its tensors belong to a closed context.`);
  if (tensors.some((tensor) => tensor.context !== context)) {
    throw new ShapeError(`${name}: its inputs belong to different contexts.`, {
      details: tensors.map(({ shape, dtype }) => `${formatShape(shape)} ${dtype}`),
      remedy: 'create all of them from one context; read() and tensor() copy one to another',
    });
  }
}

/** A tensor of any type. */
export const tensor: Check = (what, value, tensors) => {
  if (!(value instanceof Tensor)) {
    throw new UsageError(`${what} is ${describe(value)}, expected a tensor.`, {
      remedy:
        typeof value === 'number' ? `context.tensor([${value}], []), or scale() for a factor` : 'context.tensor()',
    });
  }
  if (value.isDisposed) throw usedAfterDispose(`${what}: a tensor`, value.shape);
  tensors.push(value);
};

/** A floating-point tensor. Only cast() converts integers. */
export const float: Check = (what, value, tensors) => {
  tensor(what, value, tensors);
  const { shape, dtype } = value as Tensor;
  if (dtype === 'f32' || dtype === 'f16') return;
  throw new ShapeError(`${what} is ${dtype}, expected f32 or f16.`, {
    details: [`${what.slice(what.indexOf(':') + 2)} ${formatShape(shape)} ${dtype}`],
    remedy: "cast(x, 'f32')",
  });
};

/** One of several tensors. */
export const arrayOf =
  (each: Check): Check =>
  (what, value, tensors) => {
    if (!Array.isArray(value)) throw new UsageError(`${what} is ${describe(value)}, expected an array.`);
    value.forEach((element, i) => {
      each(`${what}[${i}]`, element, tensors);
    });
  };

export const optional =
  (check: Check): Check =>
  (what, value, tensors) => {
    if (value !== undefined && value !== null) check(what, value, tensors);
  };

const typed =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (what, value) => {
    if (!holds(value)) throw new UsageError(`${what} is ${describe(value)}, expected ${expected}.`);
  };

export const number = typed('a number', (value) => typeof value === 'number');
export const flag = typed('true or false', (value) => typeof value === 'boolean');
export const text = typed('a string', (value) => typeof value === 'string');
/** A constant compiled into a kernel. */
export const finite = typed(
  'a finite number of f32',
  (value) => Number.isFinite(Math.fround(value as number)) && typeof value === 'number',
);
/** Axes, a shape or a memory order; the op checks the values. */
export const numbers = typed(
  'an array of numbers, as [1, 2]',
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'number'),
);
const numberOr = (expected: string, ...lengths: number[]): Check =>
  typed(`a number, ${expected}`, (value) => {
    const isList = Array.isArray(value) && lengths.includes(value.length);
    return [isList ? value : [value]].flat().every((each) => typeof each === 'number');
  });
/** One number for both axes of an image, or one for each. */
export const pair = numberOr('or two as [vertical, horizontal]', 2);
export type Pair = number | readonly [vertical: number, horizontal: number];
/** A pair, or one number for each side of an image. */
export const sides = numberOr('two as [vertical, horizontal], or four as [top, bottom, left, right]', 2, 4);
export type Sides = Pair | readonly [top: number, bottom: number, left: number, right: number];

export const both = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);

export const oneOf = (...values: readonly string[]): Check =>
  typed(`one of ${values.join(', ')}`, (value) => values.includes(value as string));

/** Not checked here: the body does. */
export const anything: Check = () => {};

/** An object with the given keys and no others. Keys that may be missing are optional(). */
export const object =
  (known: Parameters): Check =>
  (what, value, tensors) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Tensor) {
      throw new UsageError(`${what} is ${describe(value)}, expected an object.`, {
        remedy: `{ ${Object.keys(known).join(', ')} }`,
      });
    }
    const operation = what.slice(0, what.indexOf(':'));
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(known, key)) continue;
      throw new UsageError(`${operation}: there is no option ${JSON.stringify(key)}.`, {
        remedy: `one of ${Object.keys(known).join(', ')}`,
      });
    }
    for (const [key, check] of Object.entries(known)) {
      check(`${operation}: ${key}`, (value as Record<string, unknown>)[key], tensors);
    }
  };

/** As object(), but may be missing. */
export const options = (known: Parameters): Check => {
  const check = object(known);
  return (what, value, tensors) => {
    if (value !== undefined) check(what, value, tensors);
  };
};

/** A short description of a value, for errors. */
export function describe(value: unknown): string {
  if (value instanceof Tensor) return `a tensor ${formatShape(value.shape)}`;
  if (Array.isArray(value)) {
    const isPlain = value.length <= 8 && value.every((each) => typeof each !== 'object' || each === null);
    return isPlain ? `[${value.map(describe).join(', ')}]` : `an array of ${value.length}`;
  }
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) {
    const kind = value.constructor?.name ?? 'Object';
    return kind === 'Object' ? `an object { ${Object.keys(value).join(', ')} }` : `an object of ${kind}`;
  }
  return String(value);
}
