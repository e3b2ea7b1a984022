/** The value of --milestones: epochs, separated by commas. */
import { UsageError } from '../base/errors.ts';

/** The epochs, ascending, at which the rate drops. @throws UsageError unless all lie within the run */
export function parseMilestones(text: string, epochs: number): number[] {
  const milestones = text.split(',').map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  const isAscending = milestones.every((epoch, i) => epoch > (milestones[i - 1] ?? 0) && epoch < epochs);
  if (isAscending) return milestones;
  throw new UsageError(`--milestones ${text}: expected ascending epochs between 1 and ${epochs - 1}.`, {
    remedy:
      epochs < 3
        ? 'no --milestones, or more --epochs'
        : `--milestones ${Math.floor(epochs / 2)},${Math.floor((3 * epochs) / 4)}`,
  });
}
