/**
 * Cold start: from the start of a process to the end of its first step. With Mesa's cache of compiled shaders and without,
 * where there is one. The peers' first steps too.
 */
import { spawn } from 'node:child_process';
import { type Peer, PeerProcess } from './contestant.ts';
import { messageOf } from './field.ts';
import type { Figure } from './figures.ts';
import { quartilesOf } from './statistics.ts';
import type { SuiteRun } from './suite.ts';
import { nameOf, REFERENCE_STEP } from './workloads.ts';

/** Who starts, and how long that takes. */
interface Starter {
  name: string;
  start(environment: Record<string, string>): Promise<{ milliseconds: number; name: string }>;
}

const NO_SHADER_CACHE = { MESA_SHADER_CACHE_DISABLE: 'true' };

export async function startupSuite(run: SuiteRun, vendor: string): Promise<void> {
  const starters = [startOurs(run), ...run.options.peers.map((peer) => startPeer(run, peer))];
  const workload = `first ${nameOf(REFERENCE_STEP)}`;
  if (vendor !== 'mesa') {
    await measure(run, starters, workload, {}, 1);
    return;
  }
  await measure(run, starters, `${workload}, no shader cache`, NO_SHADER_CACHE, 1);
  for (const starter of starters) await starter.start({}).catch(() => {}); // fills the cache
  await measure(run, starters, `${workload}, shader cache`, {}, run.options.isFull ? 5 : 3);
}

async function measure(
  { sink }: SuiteRun,
  starters: readonly Starter[],
  workload: string,
  environment: Record<string, string>,
  starts: number,
): Promise<void> {
  for (const starter of starters) {
    const samples: number[] = [];
    let figure: Pick<Figure, 'contestant' | 'milliseconds' | 'failure'>;
    try {
      let contestant = starter.name;
      for (let i = 0; i < starts; i++) {
        const { milliseconds, name } = await starter.start(environment);
        samples.push(milliseconds);
        contestant = name;
      }
      figure = { contestant, milliseconds: quartilesOf(samples) };
    } catch (error) {
      figure = { contestant: starter.name, milliseconds: null, failure: messageOf(error) };
    }
    sink.add({ suite: 'startup', workload, ...figure });
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
        // it writes when the step is done, and only then
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
