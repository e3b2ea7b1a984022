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

const sourceIds = new WeakMap<object, string>();

/** A key that is equal exactly when the emitted text and the entry point are. */
export function kernelKey(spec: KernelSpec): string {
  const known = sourceIds.get(spec);
  if (known) return known;
  const key = JSON.stringify([spec.file, spec.entry, spec.params ?? {}, spec.slots ?? {}]);
  sourceIds.set(spec, key);
  return key;
}
