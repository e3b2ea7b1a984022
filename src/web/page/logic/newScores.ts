/** The scores of new images as a table for other programs. */
import { csvText } from '../../../base/csv.ts';
import type { NewScores } from '../../pageApi.ts';

export function newScoresCsv({ images }: NewScores): string {
  const names = Object.keys(images[0]?.scores ?? {});
  const lines = images.map(({ path, scores }) => [csvText(path), ...names.map((name) => scores[name])].join(','));
  return [['image', ...names].join(','), ...lines, ''].join('\n');
}
