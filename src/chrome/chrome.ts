/**
 * Training in Chrome, driven from Node: the same code runs in a worker there, with its files and its terminal here. It writes
 * the same run folder as training in Node.
 */
import type { AdapterDescription } from '../base/adapter.ts';
import { OeclError } from '../base/errors.ts';
import type { RunConfig } from '../config/config.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import type { OpenMode } from '../runs/runFolder.ts';
import { serveBrowser } from './browserServer.ts';
import { findChrome, startChrome } from './chromeBinary.ts';
import { type Command, callHook, fromPlainError, type WorkerEvent } from './protocol.ts';

/** Milliseconds that Chrome gets to start, and the worker to report that it is ready. */
const START_TIME = 60_000;

export interface ChromeTrainer {
  describeAdapter(name?: string): Promise<AdapterDescription>;
  train(config: RunConfig, mode: OpenMode, hooks: TrainHooks): Promise<RunOutcome>;
  close(): Promise<void>;
}

/**
 * Starts Chrome and waits for its worker.
 * @param workerScript the bundle of web/drivenWorker.ts
 * @param adapter `swiftshader` makes Chrome use it even if there is a GPU
 * @throws OeclError when there is no Chrome, or when it does not start
 */
export async function openChrome(files: Platform, workerScript: URL, adapter?: string): Promise<ChromeTrainer> {
  const binary = await findChrome();
  let listener: (event: WorkerEvent) => void = () => {};
  const server = await serveBrowser(files, (event) => listener(event), workerScript);
  const isSwiftShader = adapter?.toLowerCase() === 'swiftshader';
  const chrome = await startChrome(binary, server.url, isSwiftShader ? ['--use-webgpu-adapter=swiftshader'] : []);

  /** Listens until `pick` returns a value. Rejects when something fails in the browser, or when Chrome ends. */
  const until = <T>(pick: (event: WorkerEvent) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      listener = (event) => {
        if (event.type === 'failed') reject(fromPlainError(event.error));
        const found = pick(event);
        if (found !== undefined) resolve(found);
      };
      void chrome.ended.then((tail) => reject(chromeEnded(binary.path, tail)));
    });
  const close = async () => {
    await chrome.close();
    await server.close();
  };

  const timer = { id: undefined as NodeJS.Timeout | undefined };
  const late = new Promise<never>((_, reject) => {
    timer.id = setTimeout(() => reject(chromeSilent(binary.path)), START_TIME);
  });
  try {
    await Promise.race([until((event) => (event.type === 'ready' ? true : undefined)), late]);
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(timer.id);
  }

  const ask = <T>(command: Command, pick: (event: WorkerEvent) => T | undefined): Promise<T> => {
    const answer = until(pick);
    server.send(command);
    return answer;
  };
  return {
    describeAdapter: (wanted) =>
      ask({ type: 'adapter', wanted }, (event) => (event.type === 'adapter' ? event.info : undefined)),
    async train(config, mode, hooks) {
      const stop = () => server.send({ type: 'stop' });
      const { cacheFolder, dataFolder } = files;
      const outcome = ask({ type: 'train', config, mode, folders: { cacheFolder, dataFolder } }, (event) => {
        if (event.type === 'hook') callHook(hooks, event);
        return event.type === 'done' ? event.outcome : undefined;
      });
      if (hooks.signal?.aborted) stop();
      hooks.signal?.addEventListener('abort', stop, { once: true });
      return outcome;
    },
    close,
  };
}

function chromeEnded(path: string, tail: string): OeclError {
  return new OeclError(`${path} ended before the training did.`, {
    details: tail.trim().split('\n').slice(-3),
    remedy: 'the same command with --resume continues from the last checkpoint; less memory: a smaller --batch',
  });
}

function chromeSilent(path: string): OeclError {
  return new OeclError(`${path} was started, but its page did not answer within ${START_TIME / 1000} s.`, {
    remedy: 'CHROME_PATH with another Chrome (version 121 or later), or --in node',
  });
}
