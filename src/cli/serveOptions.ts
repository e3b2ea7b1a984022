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
    help: 'where the page is served; 0: any port that is free',
  },
  {
    name: 'host',
    type: 'text',
    placeholder: 'ADDRESS',
    group: 'Run',
    default: `${SERVE_HOST}: this machine alone`,
    help: 'address to listen at',
  },
  { name: 'help', type: 'flag', group: 'Output', help: 'this text' },
];
