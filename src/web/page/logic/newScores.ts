/** The scores of new images as a table for other programs. */
import { csvText } from '../../../base/csv.ts';
import type { ScoreName } from '../../../report/result.ts';
import type { NewScores } from '../../pageApi.ts';

export function newScoresCsv({ images }: NewScores, names: readonly ScoreName[]): string {
  const lines = images.map(({ path, scores }) => [csvText(path), ...names.map((name) => scores[name])].join(','));
  return [`image,${names.join(',')}`, ...lines, ''].join('\n');
}
