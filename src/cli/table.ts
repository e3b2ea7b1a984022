/** The commands, in listing order. To add one, add a file in this folder and a line here. */
import type { Command } from './command.ts';
import { doctorCommand } from './doctorCommand.ts';
import { helpCommand } from './helpCommand.ts';
import { scoreCommand } from './scoreCommand.ts';
import { serveCommand } from './serveCommand.ts';
import { trainCommand } from './trainCommand.ts';

export const COMMANDS: readonly Command[] = [
  trainCommand,
  scoreCommand,
  serveCommand,
  doctorCommand,
  helpCommand(() => COMMANDS),
];
