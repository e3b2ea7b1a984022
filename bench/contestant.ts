/**
 * Who is measured. Ours runs in this process; each peer in a child of its own, as the peers install globals, and so that
 * the end of one ends nothing else. The protocol is that of peers/serve.mjs.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Workload } from './workloads.ts';

export interface Contestant {
  readonly name: string;
  /** Makes a workload ready; the one before is dropped. */
  prepare(workload: Workload): Promise<void>;
  /** Milliseconds of one iteration, until the device is done. */
  iterate(): Promise<number>;
  /** Root of the mean square of what the last iteration computed (of the step: its loss). */
  outputSize(): Promise<number>;
  close(): Promise<void>;
}

export const PEERS = ['jax', 'tfjs'] as const;
export type Peer = (typeof PEERS)[number];

interface Answer {
  error?: string;
  name?: string;
  adapter?: string;
  milliseconds?: number;
  size?: number;
}

export interface PeerOptions {
  /** Folder of the built peers. */
  folder: string;
  /** Dawn's name of the adapter, or null for its default. */
  dawnAdapter: string | null;
  /** Waits for the device as oecl does. */
  isResting: boolean;
  environment?: Readonly<Record<string, string>>;
}

export class PeerProcess implements Contestant {
  readonly name: string;
  /** Description of the adapter that the peer got. */
  readonly adapter: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: string[];

  private constructor(
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    errors: string[],
    hello: Answer,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#errors = errors;
    this.name = hello.name!;
    this.adapter = hello.adapter!;
  }

  /** Starts a peer and waits until it has its device. @throws Error with what it last said when it does not come up */
  static async start(peer: Peer, { folder, dawnAdapter, isResting, environment }: PeerOptions): Promise<PeerProcess> {
    const child = spawn(process.execPath, [`${folder}/${peer}.mjs`, ...(dawnAdapter ? [dawnAdapter] : [])], {
      env: { ...process.env, ...environment, OECL_BENCH_RESTING: isResting ? '1' : '0' },
    });
    child.on('error', () => {}); // the end of its output tells
    child.stdin.on('error', () => {});
    const errors: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      errors.push(line);
      if (errors.length > 20) errors.shift();
    });
    const lines = (createInterface({ input: child.stdout }) as Interface)[Symbol.asyncIterator]();
    return new PeerProcess(child, lines, errors, await nextAnswer(lines, errors));
  }

  async prepare(workload: Workload): Promise<void> {
    await this.#ask({ do: 'prepare', workload });
  }

  async iterate(): Promise<number> {
    return (await this.#ask({ do: 'run' })).milliseconds!;
  }

  async outputSize(): Promise<number> {
    return (await this.#ask({ do: 'read' })).size!;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
  }

  async #ask(request: object): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return nextAnswer(this.#lines, this.#errors);
  }
}

async function nextAnswer(lines: AsyncIterator<string>, errors: readonly string[]): Promise<Answer> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`the process ended: ${errors.slice(-3).join(' | ') || 'it gave no reason'}`);
  const answer = JSON.parse(value) as Answer;
  if (answer.error) throw new Error(answer.error);
  return answer;
}
