/**
 * The command line without the process: arguments and a host in, an exit code out. It owns the one place where an error
 * becomes text: one screen, no stack, unless OECL_DEBUG asks for it.
 */
import type { AdapterDescription } from '../base/adapter.ts';
import { OeclError, UsageError } from '../base/errors.ts';
import { oneLine } from '../base/text.ts';
import type { RunConfig } from '../config/config.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import type { OpenMode, RunFiles } from '../runs/runFolder.ts';
import { COMMANDS, helpText, unknownCommand } from './help.ts';
import { serveCommand } from './serveCommand.ts';
import type { TextOutput } from './textOutput.ts';
import { adapterLine, trainCommand } from './trainCommand.ts';

/** What the commands do their work with; each is reached only when it is needed, so that help costs nothing. */
export interface CliServices {
  files: RunFiles;
  /** What the training would run on there. @throws AdapterError when there is none, or none of that name. */
  describeAdapter(where: RunConfig['where'], name?: string): Promise<AdapterDescription>;
  listAdapters(): Promise<AdapterDescription[]>;
  doctor(): Promise<string>;
  /** The page, at an address of this machine. @throws UsageError when the port or the host cannot be used */
  serve(port: number, host: string): Promise<{ url: string; isOpen: boolean; close(): Promise<void> }>;
  train(config: RunConfig, mode: OpenMode, hooks: TrainHooks): Promise<RunOutcome>;
}

export interface CliHost {
  stdout: TextOutput;
  stderr: TextOutput;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  /** Whether errors show their stack. */
  debug: boolean;
  version: string;
  services: CliServices;
}

/** Runs one command line. Never throws: what goes wrong is text on standard error and the exit code. */
export async function main(argv: readonly string[], host: CliHost): Promise<number> {
  try {
    return await dispatch(argv, host);
  } catch (error) {
    return reportError(error, argv, host);
  }
}

/** Shows an error, as an object too when --json asks for it. Returns its exit code. */
export function reportError(error: unknown, argv: readonly string[], host: CliHost): number {
  const exitCode = error instanceof OeclError ? error.exitCode : 1;
  if (argv.includes('--json')) {
    host.stdout.write(`${JSON.stringify({ event: 'error', message: messageOf(error), exitCode })}\n`);
  }
  host.stderr.write(`${host.debug ? stackOf(error) : errorText(error)}\n`);
  return exitCode;
}

async function dispatch(argv: readonly string[], host: CliHost): Promise<number> {
  const [first, ...rest] = argv;
  if (first === '--version') {
    host.stdout.write(`${host.version}\n`);
    return 0;
  }
  if (argv.includes('--list-adapters')) return listAdapters(host);
  if (first === undefined || first.startsWith('-')) return trainCommand(argv, host);
  if (first === 'help' || (Object.hasOwn(COMMANDS, first) && (rest.includes('--help') || rest.includes('-h')))) {
    host.stdout.write(helpText(first === 'help' ? rest[0] : first));
    return 0;
  }
  if (first === 'train') return trainCommand(rest, host);
  if (first === 'serve') return serveCommand(rest, host);
  if (first === 'doctor') {
    if (rest.length > 0) {
      throw new UsageError(`doctor ${rest.join(' ')}: it takes no options.`, { remedy: 'oecl doctor' });
    }
    host.stdout.write(`${(await host.services.doctor()).trimEnd()}\n`);
    return 0;
  }
  throw unknownCommand(first);
}

async function listAdapters(host: CliHost): Promise<number> {
  const adapters = await host.services.listAdapters();
  for (const info of adapters) host.stdout.write(`${adapterLine(info)}\n`);
  if (adapters.length === 0) host.stderr.write('no adapter was found; run oecl doctor to see how to get one\n');
  return adapters.length > 0 ? 0 : 1;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Our errors speak for themselves; any other is ours to mend, and says so. */
function errorText(error: unknown): string {
  if (error instanceof OeclError) {
    // of a kernel, lines of its source; elsewhere a line end is in a name, and must not look like a line of ours
    if (error.name === 'KernelError') return `error: ${error.message}`;
    const { sentence, details, remedy } = error;
    const lines = remedy === undefined ? details : [...details, `Remedy: ${remedy}`];
    return [`error: ${oneLine(sentence)}`, ...lines.map((line) => `  ${oneLine(line)}`)].join('\n');
  }
  return [
    `error: internal: ${messageOf(error)}`,
    '  Remedy: please report this, with the command that led here; OECL_DEBUG=1 shows the stack',
  ].join('\n');
}
