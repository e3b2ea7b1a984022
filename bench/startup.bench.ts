/**
 * Cold start: from the start of a process to the end of its first step, with and without Mesa's shader cache if there is
 * one. Also the first steps of the peers.
 */
import { spawn } from 'node:child_process';
import { type Peer, PeerProcess } from './contestant.ts';
import { messageOf } from './field.ts';
import { quartilesOf } from './statistics.ts';
import type { SuiteRun } from './suite.ts';
import { REFERENCE_STEP } from './workloads.ts';

/** Who starts, and how long that takes. */
interface Starter {
  name: string;
  start(environment: Record<string, string>): Promise<{ milliseconds: number; name: string }>;
}

const NO_SHADER_CACHE = { MESA_SHADER_CACHE_DISABLE: 'true' };

export async function startupSuite(run: SuiteRun, vendor: string): Promise<void> {
  const { options } = run;
  const ours = startOurs(run);
  const all = [ours, ...options.peers.map((peer) => startPeer(run, peer))];
  if (vendor !== 'mesa') {
    await measure(run, all, 'first step', {}, 1);
    return;
  }
  // without the cache, jax-js compiles for a minute or more
  await measure(run, options.isFull ? all : [ours], 'first step, no shader cache', NO_SHADER_CACHE, 1);
  const warm = 'first step, shader cache';
  if (run.selection.wants(warm)) for (const starter of all) await starter.start({}).catch(() => {}); // fills the cache
  await measure(run, all, warm, {}, options.isFull ? 5 : 3);
}

/** Starts all in turn. */
async function measure(
  { selection, sink }: SuiteRun,
  starters: readonly Starter[],
  workload: string,
  environment: Record<string, string>,
  rounds: number,
): Promise<void> {
  if (!selection.wants(workload)) return;
  const entries = starters.map((starter) => ({
    starter,
    contestant: starter.name,
    samples: [] as number[],
    failure: null as string | null,
  }));
  for (let round = 0; round < rounds; round++) {
    for (const entry of entries) {
      if (entry.failure !== null) continue;
      sink.progress(`${workload}: ${entry.contestant}`);
      try {
        const { milliseconds, name } = await entry.starter.start(environment);
        entry.samples.push(milliseconds);
        entry.contestant = name;
      } catch (error) {
        entry.failure = messageOf(error);
      }
    }
  }
  for (const { contestant, samples, failure } of entries) {
    const milliseconds = failure === null ? quartilesOf(samples) : null;
    sink.add({ suite: 'startup', workload, contestant, milliseconds, failure: failure ?? undefined });
  }
}

function startOurs({ folder, options }: SuiteRun): Starter {
  const args = [`${folder}/coldStart.mjs`, ...(options.adapter ? [options.adapter] : [])];
  return {
    name: 'oecl',
    start: (environment) =>
      new Promise((resolve, reject) => {
        const began = performance.now();
        const child = spawn(process.execPath, args, {
          env: { ...process.env, ...environment },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let errors = '';
        child.stderr.on('data', (data) => {
          errors += data;
        });
        child.on('error', reject);
        // it writes only when the step is done
        child.stdout.once('data', () => resolve({ milliseconds: performance.now() - began, name: 'oecl' }));
        child.on('exit', (code) => reject(new Error(`it ended with code ${code}: ${errors.slice(-500)}`)));
      }),
  };
}

function startPeer({ peerOptions }: SuiteRun, peer: Peer): Starter {
  return {
    name: peer,
    async start(environment) {
      const began = performance.now();
      const started = await PeerProcess.start(peer, { ...peerOptions, environment });
      try {
        await started.prepare(REFERENCE_STEP);
        await started.iterate();
        return { milliseconds: performance.now() - began, name: started.name };
      } finally {
        await started.close();
      }
    },
  };
}
