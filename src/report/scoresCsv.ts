/** scores.csv: the test images with their scores. */
import { FormatError } from '../../runtime/index.ts';
import { csvText, readCsv } from '../base/csv.ts';
import type { PerScore, ScoreTable } from './result.ts';

/** A test image as listed in scores.csv. */
export interface ScoredImage {
  path: string;
  className: string;
  isNormal: boolean;
}

const HEADER = ['image', 'class', 'label'];

/** A header, then one line per image in the given order: the image and its scores. */
export function scoresCsv(images: readonly ScoredImage[], scores: ScoreTable): string {
  const names = Object.keys(scores);
  const lines = images.map(({ path, className, isNormal }, index) => {
    const values = names.map((name) => String(Number(scores[name][index].toPrecision(9)))); // the full precision of an f32
    return [csvText(path), csvText(className), isNormal ? 'normal' : 'outlier', ...values].join(',');
  });
  return [[...HEADER, ...names].join(','), ...lines, ''].join('\n');
}

/** Parses the output of scoresCsv. @param file the file name for errors   @throws FormatError */
export function parseScoresCsv(text: string, file: string): (ScoredImage & { scores: PerScore })[] {
  const [header = [], ...records] = readCsv(text);
  const names = header.slice(HEADER.length);
  const isHeader = header.slice(0, HEADER.length).join() === HEADER.join() && names.length > 0;
  if (!isHeader || records.some((fields) => fields.length !== header.length)) {
    throw new FormatError(`${file}: these are not the scores of a run.`, {
      details: [`expected ${HEADER.join(',')} and a column for each score`],
    });
  }
  return records.map(([path, className, label, ...values]) => ({
    path,
    className,
    isNormal: label === 'normal',
    scores: Object.fromEntries(names.map((name, i) => [name, Number(values[i])])),
  }));
}
