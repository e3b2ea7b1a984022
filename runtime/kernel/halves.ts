/**
 * Kernels over tensors that are stored as f16. Every kernel is written for f32; here the elements of some bindings become
 * f16, each load a conversion to what the kernel computes with, and each store one back, which rounds. So sums stay f32,
 * and no shader knows of it. A text without such bindings is left as it is.
 */
import { internal } from '../errors.ts';
import { closingBracket } from './emit.ts';

/** @param text an emitted kernel   @param names of its bindings that are stored as f16 */
export function storedAsHalves(text: string, names: readonly string[]): string {
  if (names.length === 0) return text;
  const code = text.replace(/\/\/.*$/gm, ''); // a comment may name an element, and must not be taken for code
  const [, directives, rest] = /^((?:\s*(?:enable|requires) [^;]+;)*)([\s\S]*)$/.exec(code)!;
  return `enable f16;\n${directives}${names.reduce(storedAsHalf, rest)}`;
}

function storedAsHalf(code: string, name: string): string {
  const declared = new RegExp(`(var<storage, read(?:_write)?> ${name}: array<)(\\w+(?:<\\w+>)?)>;`);
  const found = declared.exec(code);
  if (!found) throw internal(`no binding "${name}: array<...>" to be stored as f16.`);
  const type = found[2];
  const half = (new RegExp(`alias ${type} = ([^;]+);`).exec(code)?.[1] ?? type).replace('f32', 'f16');
  const stores = new RegExp(`(?<![.\\w])(${name}\\[[^;={}]+\\]) = ([^;]+);`, 'g');
  const stored = code.replace(declared, `$1${half}>;`).replace(stores, `$1 = ${half}($2);`);
  return convertedLoads(stored, name, type);
}

/** `name[...]` as `type(name[...])`, wherever nothing is assigned to it. */
function convertedLoads(code: string, name: string, type: string): string {
  let converted = '';
  let from = 0;
  for (const { index } of code.matchAll(new RegExp(`(?<![.\\w])${name}\\[`, 'g'))) {
    const end = closingBracket(code, index + name.length + 1, '[]') + 1;
    const element = code.slice(index, end);
    const isStore = /^\s*=[^=]/.test(code.slice(end, end + 8));
    converted += code.slice(from, index) + (isStore ? element : `${type}(${element})`);
    from = end;
  }
  return converted + code.slice(from);
}
