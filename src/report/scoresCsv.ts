/** scores.csv: the test images with their scores. */
import { FormatError } from '../../runtime/index.ts';
import { csvText, readCsv } from '../base/csv.ts';
import { type PerScore, SCORE_NAMES, type ScoreTable } from './result.ts';

/** A test image as scores.csv lists it. */
export interface ScoredImage {
  path: string;
  className: string;
  isNormal: boolean;
}

const HEADER = `image,class,label,${SCORE_NAMES.join(',')}`;

/** A header, then a line an image in the order given. */
export function scoresCsv(images: readonly ScoredImage[], scores: ScoreTable): string {
  const lines = images.map(({ path, className, isNormal }, index) => {
    const values = SCORE_NAMES.map((name) => String(Number(scores[name][index].toPrecision(9)))); // all that an f32 holds
    return [csvText(path), csvText(className), isNormal ? 'normal' : 'outlier', ...values].join(',');
  });
  return [HEADER, ...lines, ''].join('\n');
}

/** The images of a text of scoresCsv. @param file what errors call it   @throws FormatError */
export function parseScoresCsv(text: string, file: string): (ScoredImage & { scores: PerScore })[] {
  const [header, ...records] = readCsv(text);
  if (header?.join() !== HEADER || records.some((fields) => fields.length !== header.length)) {
    throw new FormatError(`${file}: these are not the scores of a run.`, { details: [`expected ${HEADER}`] });
  }
  return records.map(([path, className, label, ...values]) => ({
    path,
    className,
    isNormal: label === 'normal',
    scores: Object.fromEntries(SCORE_NAMES.map((name, i) => [name, Number(values[i])])) as unknown as PerScore,
  }));
}
