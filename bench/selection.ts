/** Selects the workloads of a run: all, or those whose name contains an argument of --only. */
export class Selection {
  readonly #texts: readonly string[];
  readonly #unmatched: Set<string>;
  readonly #names = new Set<string>();

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#unmatched = new Set(texts);
  }

  /** True if the workload is selected. Suites ask before they prepare it. */
  wants(name: string): boolean {
    this.#names.add(name);
    const matching = this.#texts.filter((text) => name.toLowerCase().includes(text.toLowerCase()));
    for (const text of matching) this.#unmatched.delete(text);
    return this.#texts.length === 0 || matching.length > 0;
  }

  /** For the end, when all names were asked for. @throws TypeError for a text that no name contains */
  check(): void {
    const [text] = this.#unmatched;
    if (text === undefined) return;
    const names = [...this.#names];
    const examples = names.filter((_, i) => i % Math.ceil(names.length / EXAMPLES) === 0);
    throw new TypeError(
      `--only "${text}": none of the ${names.length} workloads of these suites has that in its name; some of them:\n  ${examples.join('\n  ')}`,
    );
  }
}

const EXAMPLES = 8;
