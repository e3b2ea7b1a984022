/** Serves a folder of this machine, for `oecl serve`: read only, with headers that confine the page to its own origin. */
import { realpathSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import { UsageError } from '../base/errors.ts';
import { listen } from './httpServer.ts';

/** Scripts, styles and connections of this origin alone; images also from memory, workers also from a blob. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface StaticServer {
  /** With a trailing slash. */
  url: string;
  /** Whether other machines can reach it. */
  isOpen: boolean;
  close(): Promise<void>;
}

/**
 * Serves the files below a folder.
 * @param port 0: any free port   @param host address to listen on
 * @throws UsageError when the port or the host cannot be used
 */
export async function serveFolder(folder: URL, port: number, host: string): Promise<StaticServer> {
  const root = realpathSync(fileURLToPath(folder));
  const server = createServer((request, response) => answer(root, request, response));
  const listening = await listen(server, port, host).catch((error) => {
    throw cannotListen(error, port, host);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening.port}/`,
    isOpen: !/^(127\.|::1$|localhost$)/.test(host),
    close: listening.close,
  };
}

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-cache'); // revalidated each time: 304 while nothing has changed
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  delete request.headers.range; // sirv answers `bytes=-5` with the wrong bytes, and a server may ignore ranges
  response.once('pipe', (file) => file.once('error', () => response.destroy())); // removed meanwhile, or not readable
  try {
    // sirv lists the folder when it is called, and serves what it has listed. It is called for each request, as the folder
    // is small and may be rebuilt while it is served.
    sirv(root, { etag: true, extensions: ['html'], setHeaders: (_, path) => assertInside(root, path) })(
      request,
      response,
    );
  } catch {
    response.writeHead(404).end();
  }
}

/** sirv follows links. @throws when the file that a path names is not below the root */
function assertInside(root: string, path: string): void {
  const file = realpathSync(join(root, path.endsWith('/') ? `${path}index.html` : path));
  if (!file.startsWith(root + sep)) throw new Error(`${file} is outside of ${root}`);
}

function cannotListen(error: NodeJS.ErrnoException, port: number, host: string): UsageError {
  const reasons: Record<string, [reason: string, remedy: string]> = {
    EADDRINUSE: ['another program uses this port', '--port with another number, or --port 0 for any that is free'],
    EACCES: ['this port needs rights that you do not have', '--port 8080, or any number above 1023'],
    EADDRNOTAVAIL: ['this machine has no such address', '--host 127.0.0.1'],
    ENOTFOUND: ['there is no such host', '--host 127.0.0.1'],
  };
  const [reason, remedy] = reasons[error.code ?? ''] ?? [error.message, '--port 0 --host 127.0.0.1'];
  return new UsageError(`--port ${port} --host ${host}: ${reason}.`, { remedy, cause: error });
}
