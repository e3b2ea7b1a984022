/**
 * How a Node process ends. Shells and scripts rely on the exit code, so a run that stops without a result, for
 * whatever reason, must never look like success.
 */
import { spawn } from 'node:child_process';

/** Milliseconds after the work is done that the event loop may still be kept busy. */
const LINGER = 2000;

/** Signals that end a run after a checkpoint: Ctrl-C, termination, a closed terminal. */
export const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The only way for this process to end with code 0. */
export interface ProcessEnd {
  /** Sets the exit code. The process ends once its streams are flushed, and shortly afterwards in any case. */
  after(code: number): void;
  /** Ends the process immediately. */
  now(code: number): never;
}

/**
 * From here on, a process that ends unexpectedly exits with code 1: when the event loop runs empty, Node
 * would exit with 0, or silently with 13.
 * @param onLost tells the user; called while the process exits, so it must be synchronous
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

/** Runs the same command again in another environment, with our streams; interrupts are forwarded. */
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
