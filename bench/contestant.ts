/**
 * What is measured. Ours runs in this process, each peer in a child process of its own, as peers install globals and may
 * crash. peers/serve.mjs defines the protocol.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Workload } from './workloads.ts';

export interface Contestant {
  readonly name: string;
  /** Prepares a workload and drops the previous one. */
  prepare(workload: Workload): Promise<void>;
  /** Runs one iteration; returns the milliseconds until the device is done. */
  iterate(): Promise<number>;
  /** Root mean square of the result of the last iteration (of a step: its loss). */
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
  /** True to wait for the device as oecl does. */
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

  /** Starts a peer and waits until it has a device. @throws Error with its last output if it fails to start */
  static async start(peer: Peer, { folder, dawnAdapter, isResting, environment }: PeerOptions): Promise<PeerProcess> {
    const child = spawn(process.execPath, [`${folder}/${peer}.mjs`, ...(dawnAdapter ? [dawnAdapter] : [])], {
      env: { ...process.env, ...environment, OECL_BENCH_RESTING: isResting ? '1' : '0' },
    });
    child.on('error', () => {}); // the end of its output reports it
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
