/** Options of a run: its seed, its folder, where it computes and what it reports. */
import type { OptionTable } from '../base/options.ts';

export const PLACES = ['node', 'chrome'] as const;
/** `auto`: `on` for a GPU, `off` for a software adapter, where the fixed choices are as good (docs/performance.md). */
export const TUNE_MODES = ['auto', 'on', 'off'] as const;
/** `--tune` also accepts the config.json of another run. */
export const TABLE_FILE = '.json';

export const RUN_OPTIONS: OptionTable = [
  {
    name: 'seed',
    key: 'seed',
    type: 'integer',
    min: 0,
    max: 2 ** 32 - 1,
    group: 'Run',
    value: 0,
    help: 'seed of all random numbers',
    field: { label: 'Seed', help: 'Of all random numbers' },
  },
  {
    name: 'out',
    key: 'out',
    type: 'text',
    placeholder: 'DIR',
    group: 'Run',
    default: 'runs/<dataset>-<method>-<normal>-<seed>',
    help: 'run folder',
    isFree: true,
  },
  {
    name: 'resume',
    type: 'flag',
    group: 'Run',
    help: "continue from the run folder's last checkpoint; the result is the same, bit for bit. Refused if the images have changed since",
  },
  {
    name: 'accept-changed-data',
    type: 'flag',
    group: 'Run',
    help: 'with --resume: continue although images have changed; the current epoch restarts, and the result and report record it',
  },
  { name: 'force', type: 'flag', group: 'Run', help: 'replace the run in the run folder' },
  {
    name: 'checkpoint-every',
    only: 'trained',
    key: 'checkpointEvery',
    type: 'integer',
    min: 1,
    group: 'Run',
    value: 10,
    help: 'epochs between checkpoints',
    isFree: true,
    field: { label: 'Checkpoint every', unit: 'epochs', help: 'A closed page resumes from the last one' },
  },
  {
    name: 'in',
    key: 'where',
    type: 'choice',
    choices: PLACES,
    group: 'Run',
    value: 'node',
    help: 'where to train; chrome runs the same code in an installed Chrome or Chromium, headless',
    isFree: true,
  },
  {
    name: 'adapter',
    key: 'adapter',
    type: 'text',
    placeholder: 'NAME',
    group: 'Run',
    default: 'hardware, else lavapipe, else SwiftShader',
    help: 'adapter to use, by part of its name; --list-adapters lists them',
    isFree: true,
  },
  {
    name: 'tune',
    key: 'tune',
    type: 'choice',
    choices: TUNE_MODES,
    file: TABLE_FILE,
    group: 'Run',
    value: 'auto',
    help: 'measure once, in a few seconds, which kernels are fastest on this GPU. auto: not on software adapters; FILE: use the kernels from the config.json of another run. Never changes the result',
    isFree: true,
  },

  {
    name: 'profile',
    type: 'flag',
    group: 'Output',
    help: 'time the kernels of a few early steps: prints a table, writes a Chrome trace to the run folder',
  },
];
