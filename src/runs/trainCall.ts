/** Converts the options of a run to a configuration and a mode for the run folder. */
import { UsageError } from '../base/errors.ts';
import { keyOf, type OptionValue } from '../base/options.ts';
import type { ConfigChoices } from '../config/config.ts';
import { CONFIG_OPTIONS } from '../config/trainOptions.ts';
import type { OpenMode } from './runFolder.ts';

export interface TrainCall {
  choices: ConfigChoices;
  mode: OpenMode;
}

/** @param values by key, individually validated. @throws UsageError when they contradict each other */
export function trainCall(values: Readonly<Record<string, OptionValue | undefined>>): TrainCall {
  const [resume, force, profile, acceptChangedData] = ['resume', 'force', 'profile', 'acceptChangedData'].map(
    (key) => values[key] === true,
  );
  if (resume && force) {
    throw new UsageError('--resume --force: an existing run is either continued or replaced.', {
      remedy: 'one of the two',
    });
  }
  if (acceptChangedData && !resume) {
    throw new UsageError('--accept-changed-data: there are no earlier images without --resume.', {
      remedy: '--resume --accept-changed-data, or neither for a new run',
    });
  }
  const given = CONFIG_OPTIONS.map((option) => [keyOf(option), values[keyOf(option)]] as const);
  const choices = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return { choices: choices as ConfigChoices, mode: { resume, force, profile, acceptChangedData } };
}
