/**
 * Turns a shader file into specialised WGSL: parameters replaced, slots filled, marked loops unrolled, marked arrays made
 * single variables. The marks are comments, so every file is valid WGSL as it stands, and is its own default variant.
 */
import { internal } from '../errors.ts';
import { constantValue } from './constants.ts';
import type { KernelSpec } from './spec.ts';

/** The WGSL text of a kernel. @throws when a parameter or slot is not marked in the file. */
export function emit(spec: KernelSpec): string {
  let text = spec.source;
  for (const [name, value] of Object.entries(spec.params ?? {})) text = replaceParameter(spec, text, name, value);
  for (const [name, body] of Object.entries(spec.slots ?? {})) text = fillSlot(spec, text, name, body);
  return hoistEnables([...(spec.include ?? []), scalarize(unroll(text))].join('\n'));
}

function replaceParameter(spec: KernelSpec, text: string, name: string, value: number | string): string {
  const line = new RegExp(
    `^(\\s*(?:const ${name}\\s*:\\s*(\\w+)|alias ${name})\\s*=\\s*)([^;]+)(;\\s*// @param.*)$`,
    'm',
  );
  if (!line.test(text))
    throw internal(`${spec.file} has no line "const ${name}: ... // @param" or "alias ${name} ...".`);
  return text.replace(line, (_, head: string, type: string | undefined, __: string, tail: string) => {
    return head + (typeof value === 'number' ? literal(value, type) : value) + tail;
  });
}

function literal(value: number, type: string | undefined): string {
  if (type === 'u32') return `${value}u`;
  if (type === 'f32' && Number.isInteger(value)) return `${value}.0`;
  return String(value);
}

function fillSlot(spec: KernelSpec, text: string, name: string, body: string): string {
  const slot = new RegExp(`(^[ \\t]*// @slot ${name}\\b[^\\n]*\\n)([\\s\\S]*?)(^[ \\t]*// @end)`, 'm');
  if (!slot.test(text)) throw internal(`${spec.file} has no slot "${name}".`);
  return text.replace(
    slot,
    (_, open: string, __: string, close: string) => `${open}${body.replace(/\n?$/, '\n')}${close}`,
  );
}

const UNROLLED = /for \(var (\w+)(?:: u32)? = 0u?; \1 < ([^;]+); \1(?:\+\+|\s*\+=\s*1u?)\) \{ *\/\/ @unroll[^\n]*\n/;

/** Repeats the body of every loop marked `// @unroll`, inner loops included; the index becomes a literal. */
function unroll(text: string): string {
  for (let match = UNROLLED.exec(text); match; match = UNROLLED.exec(text)) {
    const [head, index, bound] = match;
    const start = match.index + head.length;
    const end = closing(text, start, '{', '}');
    const body = text.slice(start, end).replace(/\s+$/, '\n');
    const name = new RegExp(`\\b${index}\\b`, 'g');
    const count = constantValue(text, bound);
    // a body that declares nothing needs no scope of its own, and may then make a variable of an array's element
    const isScope = /^\s*(let|var) /m.test(body) && !/^[^;]*\/\/ @(vars|lets)/m.test(body);
    const copies = Array.from({ length: count }, (_, i) => {
      const copy = body.replace(name, `${i}u`);
      return isScope ? `{\n${copy}}` : copy;
    });
    text = `${text.slice(0, match.index)}${copies.join('')}${text.slice(end + 1)}`;
  }
  return text;
}

/** Where the bracket that was opened before `from` is closed. */
function closing(text: string, from: number, opener: string, closer: string): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === opener) depth++;
    else if (text[at] === closer && --depth === 0) return at;
  }
  throw internal(`a "${opener}" of a shader is not closed.`);
}

const ARRAY = /^([ \t]*)var (\w+): array<(.+), ([^,>]+)>;[ \t]*\/\/ @(vars|lets).*$/m;

/**
 * `var a: array<T, N>; // @vars` becomes N variables, and with `// @lets`, for elements that are assigned once and as a
 * statement of the same scope, N values. Every index must be constant after unrolling. Drivers do not see through arrays:
 * SwiftShader keeps them in memory, and takes minutes to compile what uses large ones.
 */
function scalarize(text: string): string {
  for (let match = ARRAY.exec(text); match; match = ARRAY.exec(text)) {
    const [line, indent, name, type, length, mark] = match;
    const isValue = mark === 'lets';
    const variables = isValue
      ? ''
      : Array.from({ length: constantValue(text, length) }, (_, i) => `${indent}var ${name}_${i}: ${type};`).join('\n');
    const after = match.index + line.length;
    text = text.slice(0, match.index) + variables + elementsNamed(text, after, name, isValue);
  }
  return text;
}

/** The text from `from` on with `name[constant]` written `name_constant`, and `let` before an assignment to a value. */
function elementsNamed(text: string, from: number, name: string, isValue: boolean): string {
  const use = new RegExp(`(^[ \\t]*)?\\b${name}\\[`, 'gm');
  const parts: string[] = [];
  let at = from;
  use.lastIndex = from;
  for (let match = use.exec(text); match; match = use.exec(text)) {
    const open = use.lastIndex;
    const close = closing(text, open, '[', ']');
    const element = `${name}_${constantValue(text, text.slice(open, close))}`;
    const isAssigned = isValue && match[1] !== undefined && /^\] = /.test(text.slice(close, close + 4));
    parts.push(text.slice(at, match.index), match[1] ?? '', isAssigned ? 'let ' : '', element);
    at = close + 1;
    use.lastIndex = at;
  }
  return parts.join('') + text.slice(at);
}

/** WGSL wants directives before everything else. */
function hoistEnables(text: string): string {
  const directives = new Set<string>();
  const rest = text.replace(/^\s*(enable|requires) [^;]+;[^\n]*$/gm, (line) => {
    directives.add(line.trim().replace(/;.*$/, ';'));
    return '';
  });
  return directives.size ? `${[...directives].join('\n')}\n${rest}` : rest;
}
