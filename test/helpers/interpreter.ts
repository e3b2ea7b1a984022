/**
 * Runs kernels on the CPU: wgsl_reflect's lockstep interpreter runs every lane of a workgroup from barrier to barrier and
 * reports races. Needs no GPU or driver, but is slow, so only for small grids. Emitter, reflection and uniform packing are
 * those of the runtime.
 */
/// <reference types="vite/types/importMeta.d.ts" />
import { expect } from 'vitest';
import { detectRaces, WgslDebug, WgslExec } from 'wgsl_reflect/wgsl_reflect.module.js';
import { emit } from '../../runtime/kernel/emit.ts';
import { packUniforms, reflect } from '../../runtime/kernel/reflect.ts';
import type { KernelSpec } from '../../runtime/kernel/spec.ts';
import { show } from './claims.ts';
import { expectClose } from './matchers.ts';
import type { Tolerance } from './tolerances.ts';

const shaders = import.meta.glob<string>('../../shaders/*.wgsl', { eager: true, import: 'default' });

const fileOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const texts = new Map(Object.entries(shaders).map(([path, text]) => [fileOf(path), text]));

export const shaderFiles = (): string[] => [...texts.keys()].sort();

export const shaderText = (file: string): string => texts.get(file)!;

export type CpuValues = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A launch as Context.launch takes it, with arrays for tensors; whole vec4s where the kernel uses them. */
export interface CpuLaunch<T extends Record<string, CpuValues>> {
  kernel: Omit<KernelSpec, 'source'> & { source?: string };
  bindings: T;
  uniforms?: Record<string, number | readonly number[]>;
  groups: [number, number, number];
}

/**
 * Runs a kernel. Returns copies of the resulting arrays, and its races: one message per pair of lanes.
 * @throws the errors that the interpreter itself only prints
 */
export function runOnCpu<T extends Record<string, CpuValues>>(launch: CpuLaunch<T>): { values: T; races: string[] } {
  const { kernel, groups, uniforms = {} } = launch;
  const spec: KernelSpec = { ...kernel, source: kernel.source ?? shaderText(kernel.file) };
  if (kernel.source === undefined) show(`${spec.file}:${spec.entry}`);
  const text = emit(spec);
  const { storage, uniform } = reflect(spec.file, text, spec.entry);
  const values = Object.fromEntries(Object.entries(launch.bindings).map(([name, array]) => [name, array.slice()])) as T;
  const bound: Record<string, unknown> = {};
  for (const { name, binding } of storage) {
    if (!values[name]) throw new Error(`${spec.file}:${spec.entry}: nothing is bound to "${name}".`);
    bound[binding] = values[name].buffer;
  }
  if (uniform) bound[uniform.binding] = { uniform: new Uint8Array(packUniforms(spec.entry, uniform, uniforms)) };
  const complaints: unknown[] = [];
  const { races, errors } = mended(complaints, () => detectRaces(text, spec.entry, groups, { 0: bound }));
  if (complaints.length + errors.length > 0) throw new Error([...complaints, ...errors].join('\n'));
  return { values, races: races.map(({ message }) => message) };
}

/** Runs a kernel and expects no races and the given arrays. Returns the arrays. */
export function expectOnCpu<T extends Record<string, CpuValues>>(
  launch: CpuLaunch<T>,
  expected: { [K in keyof T]?: ArrayLike<number> },
  within: Tolerance,
): T {
  const { values, races } = runOnCpu(launch);
  expect(races).toEqual([]);
  for (const [name, reference] of Object.entries(expected)) expectClose(values[name], reference!, within);
  return values;
}

interface Node {
  name: string;
  operator: string;
  left: Node;
  right: Node;
  args?: Node[];
}
/** Variables in scope; functions belong to the outermost scope. */
interface Scope {
  parent: Scope | null;
  functions: Map<string, { node: { args: Node[]; body: Node[] } }>;
  clone(): Scope;
  createVariable(name: string, value: Value, node: Node): void;
}
interface Value {
  value: number;
  data: ArrayLike<number>;
  typeInfo?: { name: string; format?: { name: string } | null };
}
type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The interpreter with six bugs of version 1.6 fixed, and its errors collected. interpreter.test.ts fails when a fix is no
 * longer needed.
 */
function mended<T>(complaints: unknown[], run: () => T): T {
  const debug = WgslDebug.prototype as unknown as Record<string, Method>;
  const exec = WgslExec.prototype as unknown as Record<string, Method>;
  const { stepStack } = debug;
  const { _evalBinaryOpValue, _callConstructorVec, _evalCallValue, _evalBitcast } = exec;
  const { error } = console;
  const evaluate = (self: unknown, node: Node, context: unknown) =>
    exec.evalExpression.call(self, node, context) as Value;
  // a call's result is stored in the syntax tree, where lanes read each other's: run each call whole in its lane
  debug.stepStack = function (stack) {
    return stepStack.call(this, stack, false);
  };
  // a parameter shadows the caller's variable of that name in later arguments, and the caller's shadow the module's
  exec._evalCallValue = function (call, context) {
    const { name, args = [] } = call as Node;
    let scope: Scope | null = context as Scope;
    while (scope && !scope.functions.has(name)) scope = scope.parent;
    if (!scope) return _evalCallValue.call(this, call, context);
    const { node } = scope.functions.get(name)!;
    const values = args.map((arg) => evaluate(this, arg, context));
    const own = scope.clone();
    node.args.forEach((parameter, i) => {
      own.createVariable(parameter.name, values[i], parameter);
    });
    return exec._execStatements.call(this, node.body, own);
  };
  // && and || evaluate both sides, even if the right one is out of bounds; u32 >> n keeps the sign
  exec._evalBinaryOpValue = function (node, context) {
    const { operator, left, right } = node as Node;
    if (operator === '&&' || operator === '||') {
      const first = evaluate(this, left, context);
      return Boolean(first.value) === (operator === '||') ? first : evaluate(this, right, context);
    }
    const result = _evalBinaryOpValue.call(this, node, context) as Value;
    if (operator === '>>' && result.typeInfo?.name === 'u32')
      result.value = evaluate(this, left, context).value >>> evaluate(this, right, context).value;
    return result;
  };
  // vec2<u32>(...) is stored as f32, where u32 loses its low bits
  exec._callConstructorVec = function (node, context) {
    const result = _callConstructorVec.call(this, node, context) as Value;
    const { args = [] } = node as Node;
    if (result.typeInfo?.format?.name === 'u32' && args.length === result.data.length)
      result.data = Uint32Array.from(args, (arg) => evaluate(this, arg, context).value);
    return result;
  };
  // the bits of a vector are stored in a plain array, for which every comparison is false
  exec._evalBitcast = function (node, context) {
    const result = _evalBitcast.call(this, node, context) as Value;
    const array = { i32: Int32Array, u32: Uint32Array, f32: Float32Array }[result.typeInfo?.format?.name ?? ''];
    if (array && result.data) result.data = array.from(result.data);
    return result;
  };
  console.error = (...args) => void complaints.push(args.join(' '));
  try {
    return run();
  } finally {
    Object.assign(debug, { stepStack });
    Object.assign(exec, { _evalBinaryOpValue, _callConstructorVec, _evalCallValue, _evalBitcast });
    console.error = error;
  }
}
