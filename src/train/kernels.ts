/**
 * The kernel table of a run: the implementation of each convolution. Either given, or measured on this adapter before the
 * first step and cached for later runs. It affects the speed of a run, never its result.
 */
import {
  type Context,
  type KernelTable,
  parseKernelTable,
  TUNED_KERNELS,
  type TuneOutcome,
  tuneKernels,
} from '../../runtime/index.ts';
import { type AdapterNames, namesOf } from '../base/adapter.ts';
import { sha256 } from '../base/contentHash.ts';
import { duration } from '../base/duration.ts';
import { UsageError } from '../base/errors.ts';
import type { RunConfig } from '../config/config.ts';
import { TABLE_FILE } from '../config/runOptions.ts';
import { failureOf } from '../data/files.ts';
import type { Platform } from '../platform/platform.ts';
import type { Trainer } from './trainer.ts';

/** Reported while kernels are measured. */
export interface TuneHooks {
  /** Number of kernels to measure on this adapter before the first step; `kernel` is the next one. */
  onTune?(done: number, total: number, kernel: string): void;
  onNote?(text: string): void;
  signal?: AbortSignal;
}

export interface KernelHost {
  files: Platform;
  config: RunConfig;
  hooks: TuneHooks;
  /** Measures a kernel; tests replace the runtime's implementation. */
  tune?: typeof tuneKernels;
}

/**
 * Records the step with the configuration's table or, without one, with a cached or newly measured table.
 * @returns the table
 */
export async function recordTuned(
  context: Context,
  trainer: Pick<Trainer, 'record' | 'dispose'>,
  host: KernelHost,
): Promise<KernelTable> {
  const { files, config, hooks, tune = tuneKernels } = host;
  const { choices, info } = context;
  const isMeasured = config.tune === 'on' || (config.tune === 'auto' && !info.isSoftware);
  if (config.kernels || !isMeasured) {
    choices.table = config.kernels ?? {};
    await trainer.record();
    return choices.table;
  }
  const cache = new KernelTableCache(files, info, config.where);
  const known = await cache.read();
  choices.table = known;
  await trainer.record();
  const { asked } = choices;
  const missing = asked.filter(({ key }) => !Object.hasOwn(known, key));
  if (missing.length > 0) {
    trainer.dispose(); // frees memory for the measurement
    const began = performance.now();
    const outcome = await tune(context, missing, { onProgress: hooks.onTune, signal: hooks.signal });
    hooks.onNote?.(summaryOf(outcome, choices.fixed.variant, (performance.now() - began) / 1000));
    choices.table = { ...known, ...outcome.table };
    await cache.write(choices.table).catch((error) => {
      hooks.onNote?.(`measured kernels cannot be kept in ${files.cacheFolder}: ${failureOf(error)}`);
    });
    await trainer.record();
  }
  const isUsed = (key: string) => asked.some((each) => each.key === key);
  choices.table = Object.fromEntries(Object.entries(choices.table).filter(([key]) => isUsed(key)));
  return choices.table;
}

function summaryOf({ table, measured, left }: TuneOutcome, fixed: string, seconds: number): string {
  const others = Object.values(table).filter((name) => name !== fixed).length;
  const rest = left > 0 ? `, ${left} left for the next run` : '';
  return `kernels: ${measured} measured in ${duration(seconds)}${rest}; for ${others} another one than usual is faster`;
}

/** Cached tables by adapter, host and kernel source. A missing, damaged or outdated table counts as empty. */
class KernelTableCache {
  readonly #files: Platform;
  readonly #id: { adapter: AdapterNames; where: string };

  /** @param where the host: Chrome compiles differently from Node on the same adapter */
  constructor(files: Platform, adapter: AdapterNames, where: string) {
    this.#files = files;
    this.#id = { adapter: namesOf(adapter), where };
  }

  async read(): Promise<KernelTable> {
    try {
      const text = new TextDecoder().decode(await this.#files.readFile(await this.#path()));
      return parseKernelTable((JSON.parse(text) as { kernels?: unknown }).kernels) ?? {};
    } catch {
      return {};
    }
  }

  /** Rejects with the platform's error when the folder is not writable. */
  async write(kernels: KernelTable): Promise<void> {
    const text = `${JSON.stringify({ ...this.#id, kernels }, null, 2)}\n`;
    await this.#files.writeFileAtomic(await this.#path(), new TextEncoder().encode(text));
  }

  async #path(): Promise<string> {
    const id = new TextEncoder().encode(JSON.stringify([this.#id, TUNED_KERNELS]));
    return `${this.#files.cacheFolder}/kernels/${await sha256(id)}.json`;
  }
}

/** The configuration with the table of the file given by `--tune FILE`. @throws UsageError when the file has none */
export async function withGivenKernels(files: Platform, config: RunConfig): Promise<RunConfig> {
  const { tune } = config;
  if (config.kernels || !tune.endsWith(TABLE_FILE)) return config;
  const wrong = (what: string, cause?: unknown) =>
    new UsageError(`--tune ${tune}: ${what}.`, { remedy: 'the config.json of a run that has begun', cause });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(await files.readFile(tune)));
  } catch (error) {
    throw wrong(error instanceof SyntaxError ? 'it is not JSON' : failureOf(error), error);
  }
  const kernels = parseKernelTable((value as { kernels?: unknown } | null)?.kernels);
  if (!kernels) throw wrong('it holds no table "kernels"');
  return { ...config, kernels };
}
