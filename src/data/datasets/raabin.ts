/**
 * Raabin-WBC (Kouzehkanan et al., Scientific Reports 2022), the double-labeled cropped cells: Train/CLASS and TestA/CLASS,
 * five classes of white blood cells. TestB, with another stain and camera, is not part of the protocol and is not read.
 */

import { DataError } from '../../base/errors.ts';
import { isSameName } from '../../base/names.ts';
import { nearestName } from '../../base/suggest.ts';
import { type DatasetSpec, PLAIN_STATISTICS } from '../dataset.ts';
import type { LoadedDataset } from '../imageSet.ts';
import type { ReaderContext } from '../request.ts';
import { findPart, listClassFolders, loadParts, type Part, readPart } from './classFolders.ts';

const BLOOD_CELLS = ['Basophil', 'Eosinophil', 'Lymphocyte', 'Monocyte', 'Neutrophil'];

export const raabin: DatasetSpec<'raabin'> = {
  name: 'raabin',
  title: 'Raabin-WBC',
  summary: 'white blood cells, five classes (Raabin-WBC: Train/CLASS, TestA/CLASS)',
  classes: BLOOD_CELLS,
  defaultNormal: 'Neutrophil',
  size: 224,
  // a crop must leave the cell recognizable
  recipe: (preset) => ({ scale: [0.5, 1], lambda: 0.1, ...(preset === 'tiny' ? { lr: 0.004 } : {}) }),
  statistics: PLAIN_STATISTICS,
  trainedWith: 'paper',
  source: {
    read: readRaabin,
    layout: ['Train/{Basophil,Eosinophil,Lymphocyte,Monocyte,Neutrophil}/*.jpg', 'TestA/{the same}/*.jpg'],
    origin: 'Raabin-WBC, "double-labelled cropped cells": raabindata.com; Kouzehkanan et al., Scientific Reports 2022',
  },
};

/**
 * Class folders may be missing, empty or small: such a class has no images, which a note reports.
 * @returns null when there is neither a training nor a test folder
 * @throws DataError when one of the two is missing, a class folder is not one of the five, or a part has no images
 */
async function readRaabin(context: ReaderContext): Promise<LoadedDataset | null> {
  const train = await findPart(context, ['train']);
  const test = await findPart(context, ['testa', 'test']);
  if (train === undefined && test === undefined) return null;
  if (train === undefined || test === undefined) {
    throw new DataError(`${context.dir}: there is a folder ${train ?? test}, but no ${train ? 'TestA' : 'Train'}.`, {
      remedy: 'both folders of Raabin-WBC: Train/CLASS/*.jpg and TestA/CLASS/*.jpg',
    });
  }
  const parts = { train: await readCells(context, train), test: await readCells(context, test) };
  return loadParts(context, 'raabin', BLOOD_CELLS, parts);
}

async function readCells(context: ReaderContext, part: string): Promise<Part> {
  const { folders, looseImages } = await listClassFolders(context, part);
  const path = `${context.dir}/${part}`;
  if (looseImages > 0) context.onNote?.(`${path}: ${looseImages} images lie in no class folder and are left out`);
  return readPart(context, part, folders, (folder) => {
    const label = BLOOD_CELLS.findIndex((name) => isSameName(folder, name) || isSameName(folder, `${name}s`));
    if (label >= 0 && folder !== BLOOD_CELLS[label]) {
      context.onNote?.(`${path}/${folder}: its images are of class ${BLOOD_CELLS[label]}`);
    }
    if (label >= 0) return label;
    const guess = nearestName(folder, BLOOD_CELLS);
    throw new DataError(`${path}/${folder}: no class of Raabin-WBC has this name.`, {
      details: [`classes  ${BLOOD_CELLS.join(', ')}`],
      remedy: `${guess ? `rename it to ${guess}, or ` : ''}move it away, or --dataset folder for classes of your own`,
    });
  });
}
