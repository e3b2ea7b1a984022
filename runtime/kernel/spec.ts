/** What a kernel is, before it is text: a WGSL file, an entry point, and what to change in it. */
export interface KernelSpec {
  /** File name, for errors. */
  file: string;
  /** The file's text. */
  source: string;
  entry: string;
  /** New values of lines `const NAME: T = ...; // @param` and `alias NAME = ...; // @param`. */
  params?: Readonly<Record<string, number | string>>;
  /** New text between `// @slot NAME` and `// @end`. */
  slots?: Readonly<Record<string, string>>;
  /** Texts of other shader files that this one calls, put in front. */
  include?: readonly string[];
}

/**
 * A key that is equal exactly when the emitted text and the entry point are.
 * @param halves names of the bindings that are stored as f16
 */
export function kernelKey(
  { file, entry, params = {}, slots = {}, include = [] }: KernelSpec,
  halves: readonly string[] = [],
): string {
  return JSON.stringify([file, entry, params, slots, include, ...halves]);
}
