/** The options of `oecl serve`, in a table as those of train. */
import type { OptionTable } from '../base/options.ts';

export const SERVE_PORT = 8080;
export const SERVE_HOST = '127.0.0.1';

export const SERVE_OPTIONS: OptionTable = [
  {
    name: 'port',
    type: 'integer',
    min: 0,
    max: 65535,
    group: 'Run',
    default: `${SERVE_PORT}`,
    help: 'port to listen on; 0: any free port',
  },
  {
    name: 'host',
    type: 'text',
    placeholder: 'ADDRESS',
    group: 'Run',
    default: `${SERVE_HOST}: this machine only`,
    help: 'address to listen on',
  },
  { name: 'help', type: 'flag', group: 'Output', help: 'show this help' },
];
