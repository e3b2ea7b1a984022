/** `oecl serve`: serves the page on this machine until Ctrl-C. */
import { type OptionTable, withDefaults } from '../base/options.ts';
import type { Command } from './command.ts';

const OPTIONS: OptionTable = [
  {
    name: 'port',
    type: 'integer',
    min: 0,
    max: 65535,
    group: 'Run',
    value: 8080,
    help: 'port to listen on; 0: any free port',
  },
  {
    name: 'host',
    type: 'text',
    placeholder: 'ADDRESS',
    group: 'Run',
    value: '127.0.0.1',
    default: '127.0.0.1: this machine only',
    help: 'address to listen on',
  },
];

export const serveCommand: Command = {
  name: 'serve',
  summary: 'serve the page that trains in your browser, on this machine, without uploads',
  positionals: [],
  options: OPTIONS,
  help: {
    about: [
      'Serves the page that does in your browser what oecl train does here: drop a folder of images, train,',
      'look at the scores, download the model. The images stay in the storage of the page, in your browser.',
      'You need a browser with WebGPU. Stop the server with Ctrl-C.',
    ],
    end: ['The files of the page are in dist/web/: you can host them on any web server, under any path.'],
  },
  isEndless: true,
  async run({ values }, host) {
    const { port, host: address } = withDefaults(OPTIONS, values);
    const server = await host.services.serve(port as number, address as string);
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
  },
};
