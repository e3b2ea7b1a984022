/** `oecl help`: prints the help of the program or of a command. */
import type { Command } from './command.ts';
import { commandHelp, namedCommand, programHelp } from './help.ts';

/** @param commands all commands, including this one */
export const helpCommand = (commands: () => readonly Command[]): Command => ({
  name: 'help',
  summary: 'show this help, or the help of a command: oecl help train',
  positionals: [{ name: 'COMMAND', isOptional: true }],
  options: [],
  help: { about: ['Shows what oecl does, or what a command does.'] },
  async run({ positionals: [name] }, host) {
    host.stdout.write(name === undefined ? programHelp(commands()) : commandHelp(namedCommand(commands(), name)));
    return 0;
  },
});
