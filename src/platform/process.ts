/**
 * How a Node process ends. Its exit code is what a shell or a script believes, so a run that stops without a result, for
 * whatever reason, must never look like success.
 */
import { spawn } from 'node:child_process';

/** Milliseconds that whatever still holds the event loop gets after the work is done. */
const LINGER = 2000;

/** Signals that end a run after a checkpoint: Ctrl-C, a request to end, a terminal that was closed. */
export const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The only way for this process to end with code 0. */
export interface ProcessEnd {
  /** Sets the exit code. The process ends by itself when its streams are written, and soon in any case. */
  after(code: number): void;
  /** Ends the process here. */
  now(code: number): never;
}

/**
 * From here on, a process that ends without saying so ends with code 1: when nothing is left that could wake it up, Node
 * would end it with 0, or with 13 and no word to the reader.
 * @param onLost tells the reader; called while the process exits, so only what is synchronous in it counts
 */
export function expectEnd(onLost: () => void): ProcessEnd {
  let isExpected = false;
  process.on('exit', (code) => {
    if (isExpected || (code !== 0 && code !== 13)) return;
    onLost();
    process.exitCode = 1;
  });
  return {
    after(code) {
      isExpected = true;
      process.exitCode = code;
      setTimeout(() => process.exit(code), LINGER).unref(); // fires only when something keeps the process alive
    },
    now(code) {
      isExpected = true;
      process.exit(code);
    },
  };
}

/** How a started process ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  error?: Error;
}

/** Runs this very command again in another environment, with our streams; interrupts are handed on. */
export function runAgain(environment: Record<string, string>): Promise<Ending> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  for (const signal of INTERRUPTS) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => resolve({ code: null, signal: null, error }));
  });
}
