#!/usr/bin/env node
/** The process around the command line: arguments, streams, Ctrl-C, the exit code, and the services of Node. */
import { version } from '../../package.json';
import type { PlatformAdapter, RuntimePlatform } from '../../runtime/index.ts';
import { adapterEnvironment, listAdapters, nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { internal, OeclError } from '../base/errors.ts';
import { type ChromeTrainer, openChrome } from '../chrome/chrome.ts';
import { libraryFor } from '../library/library.ts';
import { nodePlatform } from '../platform/node.ts';
import { type Ending, expectEnd, INTERRUPTS, runAgain } from '../platform/process.ts';
import { runTraining } from '../runs/run.ts';
import { serveFolder } from '../serve/staticServer.ts';
import type { CliHost } from './command.ts';
import { main, reportError } from './dispatch.ts';
import { doctor } from './doctor.ts';
import { COMMANDS } from './table.ts';
import { type TextOutput, textOutput } from './textOutput.ts';

/** Set in a process that was restarted for its adapter, to prevent another restart. */
const RESTARTED = 'OECL_RESTARTED';
/** A terminal sends Ctrl-C to a process and its child process: two signals at once count as one. */
const SAME_SIGNAL_MILLISECONDS = 500;

const argv = process.argv.slice(2);
const interrupt = new AbortController();
let interruptedAt = 0;

function onInterrupt(): void {
  const now = Date.now();
  if (interrupt.signal.aborted && now - interruptedAt > SAME_SIGNAL_MILLISECONDS) process.exit(130);
  if (!interrupt.signal.aborted) {
    interruptedAt = now;
    if (!COMMANDS.find(({ name }) => name === argv[0])?.isEndless) {
      process.stderr.write('\ninterrupted: stopping at the next safe point (again to stop at once)\n');
    }
    interrupt.abort();
  }
}

/** Opened for its description and reused for training: when an adapter is opened twice, Dawn prints its warnings twice. */
let opened: PlatformAdapter | null = null;

function releaseAdapter(): void {
  opened?.release();
  opened = null;
}

/** The adapter. If only SwiftShader is available, reruns this command where Vulkan finds it, and ends this process. */
async function openAdapter(name?: string): Promise<PlatformAdapter> {
  try {
    return await nodeRuntimePlatform.requestAdapter({ adapter: name });
  } catch (error) {
    const environment = process.env[RESTARTED] ? null : await adapterEnvironment(name);
    if (environment === null) throw error;
    for (const signal of INTERRUPTS) process.removeListener(signal, onInterrupt);
    return end.now(exitCodeOf(await runAgain({ ...environment, [RESTARTED]: '1' })));
  }
}

/** The exit code of the child process. It has reported its own errors, unless something killed it. */
function exitCodeOf({ code, signal, error }: Ending): number {
  if (code !== null) return code;
  if (signal === 'SIGINT') return 130;
  const what = error ? `it could not be started: ${error.message}` : `it was ended by ${signal}`;
  return reportError(
    new OeclError(`the process that was started for SwiftShader failed: ${what}.`, {
      details: signal === 'SIGKILL' ? ['the system does this when memory runs out'] : [],
      remedy:
        'start again with --resume if a checkpoint was written; a smaller --batch or --preset tiny needs less memory',
    }),
    argv,
    host,
  );
}

/** Hands out the adapter that is already open, once; then opens new ones. */
const runtime: RuntimePlatform = {
  async requestAdapter(options) {
    const found = opened ?? (await nodeRuntimePlatform.requestAdapter(options));
    opened = null;
    return found;
  },
};

function output(stream: NodeJS.WriteStream): TextOutput {
  stream.on('error', () => interrupt.abort()); // the reader is gone (EPIPE): end as if interrupted
  return textOutput(stream);
}

/** Where --in chrome trains. */
let chrome: ChromeTrainer | null = null;

const end = expectEnd(() =>
  reportError(internal('the work stopped without a result, and nothing is left to continue it.'), argv, host),
);
const files = nodePlatform();
const library = libraryFor({ runtime, files, where: 'node' });
const host: CliHost = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  signal: interrupt.signal,
  debug: Boolean(process.env.OECL_DEBUG),
  version,
  services: {
    files,
    async describeAdapter(where, name) {
      if (where === 'chrome') {
        chrome = await openChrome(files, new URL('./web/drivenWorker.js', import.meta.url), name);
        return chrome.describeAdapter(name);
      }
      opened = await openAdapter(name);
      return opened.info;
    },
    listAdapters,
    doctor: () => doctor(version),
    serve: (port, address) => serveFolder(new URL('./web/', import.meta.url), port, address),
    loadModel: library.loadModel,
    scoreEach: library.scoreEach,
    train: (config, mode, hooks) =>
      chrome ? chrome.train(config, mode, hooks) : runTraining({ runtime, files }, config, mode, hooks),
  },
};

for (const signal of INTERRUPTS) process.on(signal, onInterrupt);
process.on('uncaughtException', (error) => process.exit(reportError(error, argv, host)));
const code = await main(argv, host);
releaseAdapter();
await (chrome as ChromeTrainer | null)?.close(); // assigned by describeAdapter, which the compiler does not see
for (const signal of INTERRUPTS) process.removeListener(signal, onInterrupt);
end.after(code);
