/** All contestants of a run. Measures a workload on them in turn. */
import type { Context } from '../runtime/index.ts';
import { type Contestant, type Peer, type PeerOptions, PeerProcess } from './contestant.ts';
import type { Sink, Suite } from './measurements.ts';
import { Ours } from './ours.ts';
import { type Effort, type Quartiles, sampleInTurns } from './statistics.ts';
import { flopsOf, nameOf, type Workload } from './workloads.ts';

/** Largest relative difference between results: allows for another order of sums, not another computation. */
const AGREEMENT = 1e-3;

/** A contestant with one workload. */
interface Entry {
  contestant: Contestant;
  /** Null for ours. */
  peer: Peer | null;
  failure: string | null;
}

export class Field {
  readonly #ours: Ours;
  readonly #adapter: string;
  readonly #peers: ReadonlyMap<Peer, PeerOptions>;
  readonly #running = new Map<Peer, PeerProcess>();

  constructor(context: Context, peers: readonly Peer[], options: PeerOptions) {
    this.#ours = new Ours(context);
    this.#adapter = context.info.description;
    this.#peers = new Map(peers.map((peer) => [peer, options]));
  }

  /**
   * Measures a workload and passes one measurement per contestant to the sink. A peer that fails, or computes something else,
   * gets a measurement with the reason, and is restarted for the next workload.
   * @throws what ours throws
   */
  async measure(suite: Suite, workload: Workload, effort: Effort, sink: Sink): Promise<void> {
    const common = { suite, workload: nameOf(workload), flops: flopsOf(workload) };
    const { entries, expected, absent } = await this.#prepare(workload, sink);
    sink.progress(`${common.workload}: in turn`);
    const samples = await this.#sample(entries, effort);
    for (const [i, entry] of entries.entries()) {
      // a peer that does not notice invalid launches would seem very fast; the loss of a step must change
      if (entry.failure === null && workload.kind !== 'step') await attempt(entry, () => checkOutput(entry, expected));
      const milliseconds = entry.failure === null ? samples[i] : null;
      sink.add({ ...common, contestant: entry.contestant.name, milliseconds, failure: entry.failure ?? undefined });
      if (entry.failure !== null && entry.peer) await this.#drop(entry.peer);
    }
    for (const { contestant, failure } of absent) sink.add({ ...common, contestant, milliseconds: null, failure });
  }

  async close(): Promise<void> {
    await this.#ours.close();
    for (const peer of [...this.#running.keys()]) await this.#drop(peer);
  }

  /** Runs everybody's first iteration, which compiles, and compares its result with ours. */
  async #prepare(
    workload: Workload,
    sink: Sink,
  ): Promise<{
    entries: Entry[];
    expected: number;
    absent: { contestant: string; failure: string }[];
  }> {
    await this.#ours.prepare(workload);
    await this.#ours.iterate();
    const expected = await this.#ours.outputSize();
    const entries: Entry[] = [{ contestant: this.#ours, peer: null, failure: null }];
    const absent: { contestant: string; failure: string }[] = [];
    for (const peer of this.#peers.keys()) {
      sink.progress(`${nameOf(workload)}: ${peer} compiles`);
      try {
        const entry: Entry = { contestant: await this.#start(peer), peer, failure: null };
        entries.push(entry);
        await attempt(entry, async () => {
          await entry.contestant.prepare(workload);
          await entry.contestant.iterate();
          await checkOutput(entry, expected);
        });
      } catch (error) {
        absent.push({ contestant: peer, failure: messageOf(error) });
        await this.#drop(peer);
      }
    }
    return { entries, expected, absent };
  }

  #sample(entries: readonly Entry[], effort: Effort): Promise<Quartiles[]> {
    const iterate = async (i: number): Promise<number> => {
      const entry = entries[i];
      if (entry.peer === null) return entry.contestant.iterate();
      let milliseconds = Number.NaN;
      if (entry.failure === null)
        await attempt(entry, async () => {
          milliseconds = await entry.contestant.iterate();
        });
      return milliseconds;
    };
    return sampleInTurns(entries.length, iterate, effort);
  }

  async #start(peer: Peer): Promise<PeerProcess> {
    const running = this.#running.get(peer);
    if (running) return running;
    const started = await PeerProcess.start(peer, this.#peers.get(peer)!);
    this.#running.set(peer, started);
    if (started.adapter !== this.#adapter) throw new Error(`it runs on another adapter: ${started.adapter}`);
    return started;
  }

  async #drop(peer: Peer): Promise<void> {
    const running = this.#running.get(peer);
    this.#running.delete(peer);
    await running?.close();
  }
}

/** Runs `body`; an error becomes the failure of the entry. Errors of ours are rethrown. */
async function attempt(entry: Entry, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (entry.peer === null) throw error;
    entry.failure = messageOf(error);
  }
}

async function checkOutput({ contestant }: Entry, expected: number): Promise<void> {
  const got = await contestant.outputSize();
  if (Math.abs(got - expected) <= AGREEMENT * Math.abs(expected)) return;
  throw new Error(`its result differs: ${got}, expected ${expected}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`;
}
