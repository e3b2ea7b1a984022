/** The scores of new images as a table for other programs, quoted as RFC 4180 says. */
import type { ScoreName } from '../../../train/result.ts';
import { quoted } from '../../../train/scoresCsv.ts';
import type { NewScores } from '../../pageApi.ts';

export function newScoresCsv({ images }: NewScores, names: readonly ScoreName[]): string {
  const lines = images.map(({ path, scores }) => [quoted(path), ...names.map((name) => scores[name])].join(','));
  return [`image,${names.join(',')}`, ...lines, ''].join('\n');
}
