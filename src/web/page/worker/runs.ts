/** The run folders of this origin: listing, results and downloads. */

import { DataError, UsageError } from '../../../base/errors.ts';
import { parseObject } from '../../../base/json.ts';
import type { RunConfig } from '../../../config/config.ts';
import { ALL_BITS, ImageDecoder } from '../../../data/codecs/decode.ts';
import { UnreadableImage } from '../../../data/codecs/unreadable.ts';
import { generatedOf } from '../../../data/dataset.ts';
import { datasetNamed } from '../../../data/datasets/table.ts';
import type { RgbImage } from '../../../data/imageSet.ts';
import type { OriginStorage } from '../../../platform/browserStorage.ts';
import type { Platform } from '../../../platform/platform.ts';
import { thumbnailUri } from '../../../report/png.ts';
import { currentResult, type RunResult } from '../../../report/result.ts';
import { parseScoresCsv } from '../../../report/scoresCsv.ts';
import { metricsOf, parseMetrics } from '../../../runs/metricsLines.ts';
import { FILE } from '../../../runs/runFolder.ts';
import type { KeptThreshold, RunInfo, RunView } from '../../pageApi.ts';
import { zipOf } from './zip.ts';

export const RUNS = 'runs';

/** Side of the small pictures, pixels. */
export const PICTURE_SIDE = 64;

/** Stored with the trainer's files: what the page needs to know about a run after a reload. */
const NOTE = 'page.json';

export interface RunNote {
  /** Steps of the whole run. */
  steps: number;
  /** Set from the first step until a pause, a stop, the end or an error: if it is still set, the page was closed in between. */
  isUnderWay: boolean;
  /** That was chosen, once one was, and the score that it is of: in notes from before there was a choice, the main one. */
  threshold?: number;
  score?: string;
}

/** Bytes at the end of metrics.jsonl that contain its last line. */
const TAIL_BYTES = 2048;

export class Runs {
  readonly #files: Platform;
  readonly #storage: OriginStorage;

  constructor(files: Platform, storage: OriginStorage) {
    this.#files = files;
    this.#storage = storage;
  }

  /** All of them, the newest first. */
  async list(): Promise<RunInfo[]> {
    const entries = (await this.#files.listFolder(RUNS)) ?? [];
    const found = await Promise.all(entries.map(({ name }) => this.info(`${RUNS}/${name}`)));
    return found.filter((run) => run !== null).sort((a, b) => b.changed - a.changed);
  }

  /** Null when the folder holds neither a run nor a model. */
  async info(folder: string): Promise<RunInfo | null> {
    const stored = await this.#stored(folder).catch((error) => {
      if (error instanceof DataError) return null; // one damaged run must not hide the others
      throw error;
    });
    const { config, result } = stored ?? { config: null, result: null };
    const files = await Promise.all(
      [FILE.result, FILE.checkpoint, FILE.config, FILE.model].map((name) => this.#open(folder, name)),
    );
    const changed = Math.max(0, ...files.map((file) => file?.lastModified ?? 0));
    if (stored && config === null && files[3] === null) return null;
    const state = !stored ? 'damaged' : config === null ? 'model' : result === null ? 'interrupted' : 'finished';
    const steps = await this.doneSteps(folder);
    const totalSteps = result?.steps ?? (await this.note(folder))?.steps ?? 0;
    return { folder, state, config, result, steps, totalSteps, changed };
  }

  /** @throws UsageError when the run has not come to its end; DataError when a file of it is damaged */
  async view(folder: string): Promise<RunView> {
    const { config, result } = await this.#stored(folder);
    if (config === null || result === null) {
      throw new UsageError(`${folder}: this run has not finished.`, { remedy: 'resume it first' });
    }
    // without steps the file is empty, and the browser's storage keeps no empty files
    const metrics = result.steps === 0 ? '' : await this.#text(folder, FILE.metrics);
    const scores = await this.#text(folder, FILE.scores);
    const lines = parseMetrics(metrics);
    if (lines.damaged !== null) throw damaged(`${folder}/${FILE.metrics}:${lines.damaged}`);
    const images = parseScoresCsv(scores, `${folder}/${FILE.scores}`);
    const current = currentResult(result, images);
    const { threshold, score = current.mainScore } = (await this.note(folder)) ?? {};
    return {
      folder,
      config,
      result: current,
      metrics: lines.metrics,
      images,
      kept: threshold === undefined ? null : { threshold, score },
    };
  }

  /** Updates the note; a run without one was removed in the meantime. */
  async keepThreshold(folder: string, kept: KeptThreshold): Promise<void> {
    const note = await this.note(folder);
    if (note) await this.writeNote(folder, { ...note, ...kept });
  }

  /** Thumbnails of the run's images with these paths; null for those that no longer exist. */
  async pictures(folder: string, paths: readonly string[]): Promise<(string | null)[]> {
    const config = await this.#json<RunConfig>(folder, FILE.config);
    if (config === null) return paths.map(() => null);
    const decoder = new ImageDecoder(this.#files);
    const generated = generatedOf(datasetNamed(config.dataset));
    const uris: (string | null)[] = [];
    for (const path of paths) {
      const image = generated
        ? generated.image(path, config.seed)
        : await this.#decode(decoder, `${config.data}/${path}`, config.sampleBits);
      uris.push(image && thumbnailUri(image, PICTURE_SIDE));
    }
    return uris;
  }

  async remove(folder: string): Promise<void> {
    if (!folder.startsWith(`${RUNS}/`)) throw noRun(folder);
    await this.#storage.removeFolder(folder);
  }

  /** @throws UsageError when there is no such file */
  async file(folder: string, name: string): Promise<File> {
    const file = await this.#open(folder, name);
    if (file === null) throw new UsageError(`${folder}/${name}: there is no such file.`);
    return file;
  }

  /** Steps up to the last checkpoint: the metrics are written just before it. */
  async doneSteps(folder: string): Promise<number> {
    const file = await this.#open(folder, FILE.metrics);
    if (file === null) return 0;
    const lines = (await file.slice(Math.max(0, file.size - TAIL_BYTES)).text()).split('\n');
    const whole = lines.slice(0, -1).reverse(); // anything after the last line break is incomplete
    return whole.map(metricsOf).find((metrics) => metrics !== null)?.step ?? 0;
  }

  /** All files of the folder, as a zip that contains the folder. */
  async zip(folder: string): Promise<Blob> {
    const entries = (await this.#files.listFolder(folder)) ?? [];
    const names = entries.filter(({ name, kind }) => kind === 'file' && name !== NOTE).map(({ name }) => name);
    if (names.length === 0) throw noRun(folder);
    const top = folder.slice(folder.lastIndexOf('/') + 1);
    return zipOf(
      await Promise.all(
        names.map(async (name) => ({ path: `${top}/${name}`, content: await this.file(folder, name) })),
      ),
    );
  }

  /** Null when there is none, or it is damaged: the run itself does not depend on it. */
  note(folder: string): Promise<RunNote | null> {
    return this.#json<RunNote>(folder, NOTE).catch(() => null);
  }

  async writeNote(folder: string, note: RunNote): Promise<void> {
    await this.#files.writeFileAtomic(`${folder}/${NOTE}`, new TextEncoder().encode(JSON.stringify(note)));
  }

  async #decode(decoder: ImageDecoder, path: string, sampleBits: number | null): Promise<RgbImage | null> {
    if (!(await this.#files.exists(path))) return null;
    try {
      return await decoder.decode(await this.#files.readFile(path), sampleBits ?? ALL_BITS);
    } catch (error) {
      if (error instanceof UnreadableImage) return null;
      throw error;
    }
  }

  async #open(folder: string, name: string): Promise<File | null> {
    const path = `${folder}/${name}`;
    return (await this.#files.exists(path)) ? this.#storage.openFile(path) : null;
  }

  async #text(folder: string, name: string): Promise<string> {
    return (await this.file(folder, name)).text();
  }

  /** What a run and its result say; null for what is not there. @throws DataError when a file is damaged */
  async #stored(folder: string): Promise<{ config: RunConfig | null; result: RunResult | null }> {
    return {
      config: await this.#json<RunConfig>(folder, FILE.config),
      result: await this.#json<RunResult>(folder, FILE.result),
    };
  }

  async #json<T extends object>(folder: string, name: string): Promise<T | null> {
    const file = await this.#open(folder, name);
    return file && parseObject<T>(await file.text(), `${folder}/${name}`, 'delete this run, and train again');
  }
}

const damaged = (line: string): DataError =>
  new DataError(`${line}: the line is damaged.`, { remedy: 'a new run, or a copy of the file from before' });

const noRun = (folder: string): UsageError => new UsageError(`${folder}: there is no such run.`);
