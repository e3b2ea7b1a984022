/** The arguments of a suite. */
import { type Context, openContext } from '../runtime/index.ts';
import { nodeRuntimePlatform } from '../runtime/platform/node.ts';
import type { PeerOptions } from './contestant.ts';
import type { Sink } from './measurements.ts';
import type { BenchOptions } from './options.ts';
import type { Selection } from './selection.ts';

export interface SuiteRun {
  options: BenchOptions;
  /** The workloads to measure. */
  selection: Selection;
  /** How peers are started. */
  peerOptions: PeerOptions;
  /** Folder of the bundles. */
  folder: string;
  sink: Sink;
}

/** Runs `body` with a new context, so that workloads do not share memory. */
export async function withContext<T>({ options }: SuiteRun, body: (context: Context) => Promise<T>): Promise<T> {
  const context = await openContext(nodeRuntimePlatform, { adapter: options.adapter });
  try {
    return await body(context);
  } finally {
    await context.close();
  }
}
