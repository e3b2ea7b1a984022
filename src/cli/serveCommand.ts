/** `oecl serve`: the page, on this machine, until Ctrl-C. */
import type { CliHost } from './commands.ts';
import { helpText } from './help.ts';
import { parseServeOptions } from './parse.ts';

/** Runs the command. Returns its exit code: 0 once it was stopped. */
export async function serveCommand(args: readonly string[], host: CliHost): Promise<number> {
  const call = parseServeOptions(args);
  if (call.help) {
    host.stdout.write(helpText('serve'));
    return 0;
  }
  const server = await host.services.serve(call.port, call.host);
  host.stdout.write(
    [
      `The page is at ${server.url}`,
      'It trains in your browser: your images stay there, and nothing leaves this machine.',
      server.isOpen
        ? 'Other machines can open it too, but browsers offer WebGPU only to https:// and http://localhost.'
        : 'No other machine can open it.',
      'Images and runs are stored per address: another port starts empty. Stop the server with Ctrl-C.',
      '',
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    if (host.signal.aborted) resolve();
    host.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
  return 0;
}
