/** `oecl doctor`: checks this machine (doctor.ts). */
import type { Command } from './command.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'show which GPU was found, what is missing, and how to get it',
  positionals: [],
  options: [],
  help: { about: ['Shows which GPU was found, what is missing, and how to get it. Takes no options.'] },
  async run(_, host) {
    host.stdout.write(`${(await host.services.doctor()).trimEnd()}\n`);
    return 0;
  },
};
