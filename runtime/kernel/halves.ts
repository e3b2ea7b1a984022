/**
 * Kernels over tensors stored as f16. Every kernel is written for f32. Here the element type of some bindings becomes f16:
 * each load converts to f32 and each store rounds to f16, so sums remain f32 and shader files need no f16 versions.
 */
import { internal } from '../errors.ts';
import { closingBracket } from './emit.ts';

/** @param text the source of an emitted kernel   @param names of the bindings stored as f16 */
export function storedAsHalves(text: string, names: readonly string[]): string {
  if (names.length === 0) return text;
  const code = text.replace(/\/\/.*$/gm, ''); // elements named in comments are not code
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

/** Replaces `name[...]` by `type(name[...])` except where it is assigned to. */
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
