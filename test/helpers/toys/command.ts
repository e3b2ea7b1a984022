import type { Command } from '../../../src/cli/command.ts';

export const toyCommand: Command = {
  name: 'toy',
  summary: 'the summary of the toy command',
  positionals: [{ name: 'THINGS', isRepeated: true }],
  options: [{ name: 'toy-times', type: 'integer', min: 1, group: 'Run', value: 1, help: 'how often' }],
  help: { about: ['What the toy command does.'] },
  async run({ values, positionals }, host) {
    host.stdout.write(`${positionals.join('+')} x ${values.toyTimes}\n`);
    return 0;
  },
};
