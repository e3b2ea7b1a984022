/** The data sets, in listing order. To add one, add a file in this folder and a line here. */
import type { DatasetSpec } from '../dataset.ts';
import { cifar10 } from './cifar10.ts';
import { demo } from './demo.ts';
import { folder } from './folder.ts';
import { raabin } from './raabin.ts';

const TABLE = [raabin, cifar10, folder, demo] as const;

export type DatasetName = (typeof TABLE)[number]['name'];

export const DATASETS: readonly DatasetSpec<DatasetName>[] = TABLE;
export const DATASET_NAMES: readonly DatasetName[] = DATASETS.map(({ name }) => name);

export const datasetNamed = (name: DatasetName): DatasetSpec => DATASETS.find((dataset) => dataset.name === name)!;
