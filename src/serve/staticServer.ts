/** A folder of files on this machine, for `oecl serve`: read only, and with headers that keep a page to itself. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../base/errors.ts';
import { listen } from './httpServer.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.map': 'application/json',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

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
  /** With a slash at its end. */
  url: string;
  /** Whether other machines reach it. */
  isOpen: boolean;
  close(): Promise<void>;
}

/**
 * Serves the files below a folder.
 * @param port 0: one that is free   @param host address to listen at
 * @throws UsageError when the port or the host cannot be used
 */
export async function serveFolder(folder: URL, port: number, host: string): Promise<StaticServer> {
  const root = await realpath(fileURLToPath(folder));
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => response.writeHead(500).end());
  });
  const listening = await listen(server, port, host).catch((error) => {
    throw cannotListen(error, port, host);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening.port}/`,
    isOpen: !/^(127\.|::1$|localhost$)/.test(host),
    close: listening.close,
  };
}

async function answer(root: string, { method, url = '/', headers }: IncomingMessage, response: ServerResponse) {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-cache'); // asked again each time, answered by 304 while nothing changes
  if (method !== 'GET' && method !== 'HEAD') return response.writeHead(405, { Allow: 'GET, HEAD' }).end();
  const file = await fileFor(root, url);
  if (file === null) return response.writeHead(404).end();
  const { size, mtimeMs } = await stat(file);
  const tag = `W/"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
  response.setHeader('ETag', tag);
  if (headers['if-none-match'] === tag) return response.writeHead(304).end();
  response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
  response.setHeader('Content-Length', size);
  return response.end(method === 'HEAD' ? undefined : await readFile(file));
}

/** The file below the root that a request means; null when there is none, or when it would lead outside. */
async function fileFor(root: string, url: string): Promise<string | null> {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return null;
  }
  const names = (path.endsWith('/') ? `${path}index.html` : path).split('/').slice(1);
  if (names.some((name) => name === '' || name.startsWith('.') || /[\\:\0]/.test(name))) return null;
  const file = await realpath(join(root, ...names)).catch(() => null);
  if (!file?.startsWith(root + sep)) return null; // a link may lead anywhere
  return (await stat(file)).isFile() ? file : null;
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
