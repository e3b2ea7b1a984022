/** Describes a kernel before it is emitted: a WGSL file, an entry point, and what to change in the source. */
export interface KernelSpec {
  /** File name, for errors. */
  file: string;
  /** The source in the file. */
  source: string;
  entry: string;
  /** New values of lines `const NAME: T = ...; // @param` and `alias NAME = ...; // @param`. */
  params?: Readonly<Record<string, number | string>>;
  /** Source to put between `// @slot NAME` and `// @end`. */
  slots?: Readonly<Record<string, string>>;
  /** Source of other shader files that this one calls, to be prepended. */
  include?: readonly string[];
}

/**
 * A key that is equal exactly if the emitted source and the entry point are.
 * @param halves names of the bindings stored as f16
 */
export function kernelKey(
  { file, entry, params = {}, slots = {}, include = [] }: KernelSpec,
  halves: readonly string[] = [],
): string {
  return JSON.stringify([file, entry, params, slots, include, ...halves]);
}
