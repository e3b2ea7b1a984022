/**
 * Specializes a shader file: replaces parameters, fills slots, unrolls marked loops. The marks are comments, so every file
 * is valid WGSL by itself, its own default variant.
 */
import { internal } from '../errors.ts';
import { constantValue } from './constants.ts';
import type { KernelSpec } from './spec.ts';

/** The WGSL source of a kernel. @throws if a parameter or slot is not marked in the file */
export function emit(spec: KernelSpec): string {
  let text = spec.source;
  for (const [name, value] of Object.entries(spec.params ?? {})) text = replaceParameter(spec, text, name, value);
  for (const [name, body] of Object.entries(spec.slots ?? {})) text = fillSlot(spec, text, name, body);
  return hoistEnables([...(spec.include ?? []), unroll(text)].join('\n'));
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

/** Unrolls every loop marked `// @unroll`, inner loops included; the index becomes a literal. */
function unroll(text: string): string {
  for (let match = UNROLLED.exec(text); match; match = UNROLLED.exec(text)) {
    const [head, index, bound] = match;
    const start = match.index + head.length;
    const end = closingBracket(text, start, '{}');
    const body = text.slice(start, end).replace(/\s+$/, '\n');
    const name = new RegExp(`\\b${index}\\b`, 'g');
    const count = constantValue(text, bound);
    const copies = Array.from({ length: count }, (_, i) => `{\n${body.replace(name, `${i}u`)}}`);
    text = `${text.slice(0, match.index)}${copies.join(' ')}${text.slice(end + 1)}`;
  }
  return text;
}

/** Where the bracket that opens just before `from` closes. @param kind the opening and the closing bracket */
export function closingBracket(text: string, from: number, [opening, closing]: string): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === opening) depth++;
    else if (text[at] === closing && --depth === 0) return at;
  }
  throw internal(`a "${opening}" of a shader is not closed.`);
}

/** Moves directives to the top, where WGSL requires them. */
function hoistEnables(text: string): string {
  const directives = new Set<string>();
  const rest = text.replace(/^\s*(enable|requires) [^;]+;[^\n]*$/gm, (line) => {
    directives.add(line.trim().replace(/;.*$/, ';'));
    return '';
  });
  return directives.size ? `${[...directives].join('\n')}\n${rest}` : rest;
}
