/** What a suite is given. */
import { type Context, openContext } from '../runtime/index.ts';
import { nodeRuntimePlatform } from '../runtime/platform/node.ts';
import type { PeerOptions } from './contestant.ts';
import type { Sink } from './figures.ts';
import type { BenchOptions } from './options.ts';
import type { Selection } from './selection.ts';

export interface SuiteRun {
  options: BenchOptions;
  /** What of the suite is measured. */
  selection: Selection;
  /** How peers are started. */
  peerOptions: PeerOptions;
  /** Folder of the bundles. */
  folder: string;
  sink: Sink;
}

/** Runs `body` with a context of its own: nothing of one workload is left in the next one's memory. */
export async function withContext<T>({ options }: SuiteRun, body: (context: Context) => Promise<T>): Promise<T> {
  const context = await openContext(nodeRuntimePlatform, { adapter: options.adapter });
  try {
    return await body(context);
  } finally {
    await context.close();
  }
}
