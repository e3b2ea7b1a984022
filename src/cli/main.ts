#!/usr/bin/env node
/** The process around the command line: arguments, streams, Ctrl-C, the exit code, and where Node's services come from. */
import { spawn } from 'node:child_process';
import { version } from '../../package.json';
import { adapterEnvironment, findAdapter, nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { nodePlatform } from '../platform/node.ts';
import { runTraining } from '../train/run.ts';
import { type CliHost, main } from './commands.ts';
import { doctor } from './doctor.ts';
import type { TextOutput } from './progress.ts';

/** Set in a process that was started again for its adapter's sake, so that it is not started a third time. */
const RESTARTED = 'OECL_RESTARTED';
/** A terminal sends Ctrl-C to a process and to the one that it started: two signals at once are one. */
const SAME_SIGNAL_MILLISECONDS = 500;

const interrupt = new AbortController();
let interruptedAt = 0;

function onInterrupt(): void {
  const now = Date.now();
  if (interrupt.signal.aborted && now - interruptedAt > SAME_SIGNAL_MILLISECONDS) process.exit(130);
  if (!interrupt.signal.aborted) {
    interruptedAt = now;
    process.stderr.write('\ninterrupted: finishing the step and writing a checkpoint (again: stop at once)\n');
    interrupt.abort();
  }
}

/** Runs this command again where Vulkan finds SwiftShader, when nothing else serves. Returns only when no restart is needed. */
async function ensureAdapter(wanted?: string): Promise<void> {
  if (process.env[RESTARTED]) return;
  const environment = await adapterEnvironment(wanted);
  if (environment === null || Object.keys(environment).length === 0) return;
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, ...environment, [RESTARTED]: '1' },
  });
  process.removeListener('SIGINT', onInterrupt);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve) => {
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? (signal === 'SIGINT' ? 130 : 1)));
    child.on('error', () => resolve(1));
  });
  process.exit(code);
}

function output(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => void stream.write(text),
    get isTerminal() {
      return stream.isTTY ?? false;
    },
    get columns() {
      return stream.columns ?? 100;
    },
  };
}

const files = nodePlatform();
const host: CliHost = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  signal: interrupt.signal,
  debug: Boolean(process.env.OECL_DEBUG),
  version,
  services: {
    files,
    async describeAdapter(name) {
      await ensureAdapter(name);
      const found = await nodeRuntimePlatform.requestAdapter({ adapter: name });
      found.release();
      return found.info;
    },
    async listAdapters() {
      await ensureAdapter();
      const found = await Promise.all(['hardware', 'lavapipe', 'swiftshader'].map((kind) => findAdapter(kind)));
      const unique = new Map(found.flatMap((info) => (info ? [[info.description, info] as const] : [])));
      return [...unique.values()];
    },
    doctor: () => doctor(version),
    async train(config, mode, hooks) {
      return runTraining({ runtime: nodeRuntimePlatform, files }, config, mode, hooks);
    },
  },
};

process.on('SIGINT', onInterrupt);
process.on('SIGTERM', onInterrupt);
process.exitCode = await main(process.argv.slice(2), host);
process.removeListener('SIGINT', onInterrupt);
process.removeListener('SIGTERM', onInterrupt);
