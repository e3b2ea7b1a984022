/**
 * WGSL without function bodies, for reflection: parsing unrolled bodies takes several times as long as all the rest of it.
 * Names are not resolved, so no local may be called as a module's variable; test/kernel/shaders.test.ts checks.
 */

/**
 * The declarations of a module and one entry point, whose body is replaced by the names of the variables that it uses,
 * directly or through functions that it calls.
 */
export function outlineOf(text: string, entry: string): string {
  const source = text.replace(/\/\/[^\n]*/g, '');
  const bodies = new Map<string, string>();
  let outline = '';
  let entryHead = '';
  let at = 0;
  for (const head of source.matchAll(/(?:@\w+(?:\([^)]*\))?\s*)*\bfn\s+(\w+)[^{]*\{/g)) {
    const end = closingBrace(source, head.index + head[0].length);
    outline += source.slice(at, head.index);
    if (head[1] === entry) entryHead = head[0];
    bodies.set(head[1], source.slice(head.index + head[0].length, end));
    at = end + 1;
  }
  outline += source.slice(at);
  const variables = new Set(Array.from(outline.matchAll(/\bvar<[^>]*>\s*(\w+)/g), ([, name]) => name));
  const used = new Set<string>();
  const reached = new Set([entry]);
  for (const name of reached) {
    for (const [word] of (bodies.get(name) ?? '').matchAll(/(?<![.\w])\w+/g)) {
      if (variables.has(word)) used.add(word);
      if (bodies.has(word)) reached.add(word);
    }
  }
  const body = Array.from(used, (name) => `_ = ${name};`).join(' ');
  return entryHead ? `${outline}\n${entryHead} ${body} }\n` : outline;
}

/** Where the block ends that is open at `from`. */
function closingBrace(source: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; at < source.length && depth > 0; at++) {
    if (source[at] === '{') depth++;
    else if (source[at] === '}') depth--;
  }
  return at - 1;
}
