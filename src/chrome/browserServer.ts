/**
 * The server that a driven browser talks to, local to this machine and behind a secret path: its page and worker, commands
 * as server-sent events, events in return, and the files of this process. Other users of the machine can see the URL that
 * Chrome is started with, so that URL works only once, as a ticket for the secret path.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { codecFile } from '../platform/node.ts';
import type { Codec, Platform } from '../platform/platform.ts';
import { listen } from '../serve/httpServer.ts';
import type { Command, WorkerEvent } from './protocol.ts';

/** Only this server, and only our scripts. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
const PAGE = '<!doctype html><html lang="en"><title>oecl</title><script type="module" src="page.js"></script>';
/** Reports a worker that does not load, or that throws while no command is waiting. */
const PAGE_SCRIPT = `
new Worker('worker.js', { type: 'module' }).onerror = ({ message }) => {
  const error = {
    family: 'OeclError',
    sentence: 'the training script failed in Chrome: ' + (message || 'it could not be loaded') + '.',
    details: [],
    remedy: 'CHROME_PATH with another Chrome (version 121 or later), or --in node',
  };
  fetch('events', { method: 'POST', body: JSON.stringify([{ type: 'failed', error }]) });
};`;

export interface BrowserServer {
  /** Opens the page, once. */
  url: string;
  /** Call this once the worker is ready. */
  send(command: Command): void;
  close(): Promise<void>;
}

export async function serveBrowser(
  files: Platform,
  onEvent: (event: WorkerEvent) => void,
  workerScript: URL,
): Promise<BrowserServer> {
  const [ticket, secret] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  let isTicketUsed = false;
  let commands: ServerResponse | null = null;

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>> = {
    '': async (_, response) => void response.setHeader('Content-Type', 'text/html; charset=utf-8').end(PAGE),
    'page.js': async (_, response) => sendScript(response, PAGE_SCRIPT),
    'worker.js': async (_, response) => sendScript(response, await readFile(workerScript)),
    commands: async (_, response) => {
      commands = response;
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).write(':\n\n');
    },
    events: async (request, response) => {
      for (const event of JSON.parse(Buffer.from(await bodyOf(request)).toString()) as WorkerEvent[]) onEvent(event);
      response.end();
    },
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const [, given, ...rest] = url.pathname.split('/');
    const name = rest.join('/');
    response.setHeader('Content-Security-Policy', POLICY);
    if (given === ticket && !isTicketUsed) {
      isTicketUsed = true;
      return void response.writeHead(302, { Location: `/${secret}/` }).end();
    }
    if (given !== secret) return void response.writeHead(404).end();
    try {
      if (name.startsWith('files/'))
        return await answerFile(files, name.slice('files/'.length), url, request, response);
      const route = Object.hasOwn(routes, name) ? routes[name] : null;
      await (route ? route(request, response, url) : response.writeHead(404).end());
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      response.writeHead(500, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code, message }));
    }
  });
  const { port, close } = await listen(server, 0, '127.0.0.1');
  return {
    url: `http://localhost:${port}/${ticket}`,
    send: (command) => void commands?.write(`data: ${JSON.stringify(command)}\n\n`),
    close,
  };
}

function sendScript(response: ServerResponse, text: string | Uint8Array): void {
  response.setHeader('Content-Type', 'text/javascript; charset=utf-8').end(text);
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}

async function answerFile(
  files: Platform,
  call: string,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = JSON.parse(url.searchParams.get('path') ?? '""') as string;
  const json = (value: unknown) =>
    void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
  if (call === 'exists') return json(await files.exists(path));
  if (call === 'listFolder') return json(await files.listFolder(path));
  if (call === 'realPath') return json(await files.realPath(path));
  if (call === 'claimFolder') return json(await files.claimFolder(path));
  if (call === 'readFile') return void response.end(await files.readFile(path));
  if (call === 'readGzip') return void response.end(await files.readGzip(path));
  if (call === 'builtinWeights') return void response.end(await files.builtinWeights());
  if (call === 'codec') return void response.end(await readFile(codecFile(path as Codec)));
  if (call === 'writeFileAtomic') await files.writeFileAtomic(path, await bodyOf(request));
  else if (call === 'appendFile') await files.appendFile(path, await bodyOf(request));
  else if (call === 'removeFile') await files.removeFile(path);
  else if (call === 'removeEmptyFolder') await files.removeEmptyFolder(path);
  else if (call === 'releaseFolder') await files.releaseFolder(path);
  else return void response.writeHead(404).end();
  response.end();
}
