/**
 * The page's connection to its worker: PageApi, with callbacks as proxies and errors that keep their messages.
 */
import { proxy, wrap } from 'comlink';
import type { PageApi } from '../pageApi.ts';
import { carryErrors } from './thrown.ts';

/**
 * Starts the worker and returns its interface. The worker's script is imported by a blob: URL, because a worker from a
 * blob: URL inherits the page's Content-Security-Policy: it can connect only to this origin, like the page. A worker
 * from a network URL would have the policy of its own response, which a server of static files does not set.
 * @param onFailure called when it cannot be loaded, or fails outside a call; its calls then never settle
 */
export function startWorker(onFailure: (reason: string) => void): PageApi {
  carryErrors();
  const script = new URL('./worker.js', import.meta.url).href;
  const source = new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' });
  const worker = new Worker(URL.createObjectURL(source), { type: 'module' });
  worker.addEventListener('error', ({ message }) => onFailure(message || `${script} could not be loaded`));
  const remote = wrap<PageApi>(worker) as unknown as PageApi;
  // functions and objects of functions are passed as proxies, everything else is cloned
  return new Proxy(remote, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => method(...args.map(callable));
    },
  });
}

function callable(argument: unknown): unknown {
  if (typeof argument === 'function') return proxy(argument);
  const isCallbacks =
    argument !== null &&
    typeof argument === 'object' &&
    Object.values(argument).some((value) => typeof value === 'function');
  return isCallbacks ? proxy(argument as object) : argument;
}
