/** Imported models, and scoring new images with any model of this origin. */

import { DataError } from '../../../base/errors.ts';
import { folderName } from '../../../base/folderNames.ts';
import type { ScoringConfig } from '../../../config/config.ts';
import { ALL_BITS, ImageDecoder } from '../../../data/codecs/decode.ts';
import { UnreadableImage } from '../../../data/codecs/unreadable.ts';
import { fitted } from '../../../data/fit.ts';
import type { SkippedFile } from '../../../data/imageSet.ts';
import { noteOf, Remarks } from '../../../data/remarks.ts';
import type { ImagePixels } from '../../../library/givenImages.ts';
import type { Library } from '../../../library/library.ts';
import type { Platform } from '../../../platform/platform.ts';
import { thumbnailUri } from '../../../report/png.ts';
import { mainScoreOf } from '../../../report/result.ts';
import { FILE } from '../../../runs/runFolder.ts';
import type { GivenFile, NewScores } from '../../pageApi.ts';
import { decodeWithin } from './importer.ts';
import { PICTURE_SIDE, RUNS } from './runs.ts';
import { megabytes, openSources, readSource, reasonOf } from './sources.ts';

/** A ResNet-18 of twice the paper's width has 180 MB. */
const MOST_MODEL_BYTES = 1e9;
/** Images between two calls of onProgress. */
const TELL_EVERY = 8;

/** An image to score, at the size of the network's input, with its thumbnail. */
interface Taken extends ImagePixels {
  uri: string;
}

export class Models {
  readonly #files: Platform;
  readonly #library: Pick<Library, 'loadModel' | 'score'>;

  constructor(files: Platform, library: Pick<Library, 'loadModel' | 'score'>) {
    this.#files = files;
    this.#library = library;
  }

  /** Stores a model.safetensors. @returns its folder   @throws FormatError when it is not one, or lacks what scoring needs */
  async add(file: File): Promise<string> {
    if (file.size > MOST_MODEL_BYTES) {
      throw new DataError(
        `${file.name}: it has ${megabytes(file.size)}; models have up to ${megabytes(MOST_MODEL_BYTES)}.`,
        {
          remedy: `the ${FILE.model} of a run folder`,
        },
      );
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const { config } = await this.#library.loadModel(bytes);
    const name = `model-${folderName(config.normal ?? 'only')}-${config.seed}`;
    let folder = `${RUNS}/${name}`;
    for (let number = 2; await this.#files.exists(folder); number++) folder = `${RUNS}/${name}-${number}`;
    await this.#files.writeFileAtomic(`${folder}/${FILE.model}`, bytes);
    return folder;
  }

  /**
   * Scores images with a run's or an added model.
   * @throws DataError when none of the files is an image
   */
  async score(
    folder: string,
    given: readonly GivenFile[],
    onProgress: (done: number, total: number) => void,
  ): Promise<NewScores> {
    const model = await this.#library.loadModel(folder);
    const { images, skipped, notes } = await this.#take(given, model.config, onProgress);
    const { scores, notes: ofModel } = await this.#library.score(model, images, { onProgress });
    return {
      mainScore: mainScoreOf({ mainScore: model.scores?.main }),
      images: scores.map(({ image, ...values }, index) => ({ path: image, scores: values, uri: images[index].uri })),
      skipped,
      notes: [...ofModel, ...notes],
    };
  }

  /** The images, resized one by one, so that many large ones need little memory. */
  async #take(
    given: readonly GivenFile[],
    { size, fit, sampleBits }: Readonly<ScoringConfig>,
    onProgress: (done: number, total: number) => void,
  ) {
    const { sources, skipped } = await openSources(given);
    const decoder = new ImageDecoder(this.#files);
    const remarks = new Remarks({ fit, sampleBits });
    const images: Taken[] = [];
    for (const [at, source] of sources.entries()) {
      if (at % TELL_EVERY === 0) onProgress(at, sources.length);
      try {
        const whole = await decodeWithin(decoder, await readSource(source), sampleBits ?? ALL_BITS);
        const image = fitted(whole, size, fit);
        remarks.see(whole, images.length);
        images.push({ name: source.path, ...image, uri: thumbnailUri(image, PICTURE_SIDE) });
      } catch (error) {
        const reason = error instanceof UnreadableImage ? error.message : reasonOf(error);
        skipped.push({ file: source.path, reason });
      }
    }
    if (images.length === 0) throw noImage(skipped);
    const notes = remarks.list().map((remark) => noteOf(remark, images.length, (at) => images[at].name));
    return { images, skipped, notes };
  }
}

function noImage(skipped: readonly SkippedFile[]): DataError {
  return new DataError('there is no image to score.', {
    details: skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`),
    remedy: 'one or more JPEG, PNG or BMP images, or a zip of them',
  });
}
