/**
 * The command line without the process: maps arguments and a host to an exit code. The only place that prints errors: at
 * most one screen, without a stack trace unless OECL_DEBUG is set.
 */

import { OeclError } from '../base/errors.ts';
import { oneLine } from '../base/text.ts';
import type { CliHost } from './command.ts';
import { commandHelp, namedCommand } from './help.ts';
import { parseCall } from './parse.ts';
import { COMMANDS } from './table.ts';
import { adapterLine, trainCommand } from './trainCommand.ts';

/** Runs a command line. Never throws: errors are printed to standard error and reflected in the exit code. */
export async function main(argv: readonly string[], host: CliHost): Promise<number> {
  try {
    return await dispatch(argv, host);
  } catch (error) {
    return reportError(error, argv, host);
  }
}

/** Prints an error, also as an object with --json. Returns its exit code. */
export function reportError(error: unknown, argv: readonly string[], host: CliHost): number {
  const exitCode = error instanceof OeclError ? error.exitCode : 1;
  if (argv.includes('--json')) {
    host.stdout.write(`${JSON.stringify({ event: 'error', message: messageOf(error), exitCode })}\n`);
  }
  host.stderr.write(`${host.debug ? stackOf(error) : errorText(error)}\n`);
  return exitCode;
}

async function dispatch(argv: readonly string[], host: CliHost): Promise<number> {
  const [first = '--', ...rest] = argv;
  if (first === '--version') {
    host.stdout.write(`${host.version}\n`);
    return 0;
  }
  if (argv.includes('--list-adapters')) return listAdapters(host);
  const isBare = first.startsWith('-'); // `oecl` means `oecl train`
  const command = isBare ? trainCommand : namedCommand(COMMANDS, first);
  const args = isBare ? argv : rest;
  if (args.includes('--help') || args.includes('-h')) {
    host.stdout.write(commandHelp(command));
    return 0;
  }
  return command.run(parseCall(command, args), host);
}

async function listAdapters(host: CliHost): Promise<number> {
  const adapters = await host.services.listAdapters();
  for (const info of adapters) host.stdout.write(`${adapterLine(info)}\n`);
  if (adapters.length === 0) host.stderr.write('no adapter was found; run oecl doctor to see how to get one\n');
  return adapters.length > 0 ? 0 : 1;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Our own errors are self-explanatory; any other is reported as a bug in oecl. */
function errorText(error: unknown): string {
  if (error instanceof OeclError) {
    // keep the lines of kernel source; elsewhere a newline comes from a name and must not start a line of its own
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
