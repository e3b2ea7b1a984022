/**
 * CIFAR-10, binary version (Krizhevsky 2009): records of a label byte and 3072 bytes, the red, green and blue planes of a
 * 32x32 image, rows from top to bottom. Read from its folder or the original .tar.gz. Subsets of any whole number of records
 * are valid. Images are stored at 32x32 whatever the input size; they are resized on the way to the network.
 */
import { parseTar } from 'nanotar';
import { DataError, InterruptedError } from '../../base/errors.ts';
import type { DatasetSpec } from '../dataset.ts';
import { failureOf, isRefusal, listFolder, readFile, reading } from '../files.ts';
import { type ImageSet, type LoadedDataset, packOf } from '../imageSet.ts';
import type { ReaderContext } from '../request.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const RECORD_BYTES = 1 + 3 * PLANE;
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const TRAIN_FILES = /^data_batch_(\d+)\.bin$/;
const TEST_FILE = 'test_batch.bin';
const OFFICIAL_BATCHES = 5;
const FOLDER = 'cifar-10-batches-bin';
const ARCHIVE = /\.(tar\.gz|tgz)$/i;

export const cifar10: DatasetSpec<'cifar10'> = {
  name: 'cifar10',
  title: 'CIFAR-10',
  summary: 'CIFAR-10, binary version, a folder or the .tar.gz',
  classes: CLASSES,
  defaultNormal: 'airplane',
  size: SIDE,
  recipe: () => ({ scale: [0.08, 1], lambda: 1 }),
  // of the training images (docs/methods.md 5)
  statistics: {
    mean: [125.3 / 255, 123.0 / 255, 113.9 / 255],
    std: [63.0 / 255, 62.1 / 255, 66.7 / 255],
  },
  trainedWith: 'paper',
  showsObjects: true,
  source: {
    read: readCifar10,
    layout: [
      'data_batch_1.bin ... data_batch_5.bin, test_batch.bin, batches.meta.txt',
      'or cifar-10-binary.tar.gz with them in it',
    ],
    origin: 'CIFAR-10, "binary version": www.cs.toronto.edu/~kriz/cifar.html',
  },
};

interface BinaryFile {
  name: string;
  /** Its name in error messages. */
  path: string;
  read(): Promise<Uint8Array>;
}

/**
 * @param context dir: the folder of the .bin files, one that contains `cifar-10-batches-bin` or the archive, or the archive
 * @returns null when none of these is found
 * @throws DataError for a missing test batch, an incomplete record, a label above 9, or a corrupt archive
 */
async function readCifar10(context: ReaderContext): Promise<LoadedDataset | null> {
  const files = await findFiles(context, '');
  // sorted by number, since the archive and its unpacked folder list them in different orders
  const trainFiles = files.filter(({ name }) => TRAIN_FILES.test(name)).sort((a, b) => batchOf(a) - batchOf(b));
  const testFile = files.find(({ name }) => name === TEST_FILE);
  if (trainFiles.length === 0 && !testFile) return null;
  if (trainFiles.length === 0 || !testFile) {
    throw new DataError(`${context.dir}: ${testFile ? 'data_batch_1.bin' : TEST_FILE} is missing.`, {
      details: [`found: ${files.map(({ name }) => name).join(', ')}`],
      remedy: 'the whole cifar-10-binary.tar.gz, or its folder',
    });
  }
  if (trainFiles.length < OFFICIAL_BATCHES) {
    context.onNote?.(`cifar10: ${trainFiles.length} of ${OFFICIAL_BATCHES} training batches are there`);
  }
  const classes = await classNames(files.find(({ name }) => name === 'batches.meta.txt'));
  return {
    train: await readPart(context, 'cifar10 train', classes, trainFiles),
    test: await readPart(context, 'cifar10 test', classes, [testFile]),
    skipped: [],
    sampleBits: null,
  };
}

const batchOf = ({ name }: BinaryFile): number => Number(TRAIN_FILES.exec(name)![1]);

/** The files of the data set: from a folder, its subfolder, an archive, or an archive in the folder; the first match wins. */
async function findFiles(context: ReaderContext, folder: string): Promise<BinaryFile[]> {
  const { platform } = context;
  const dir = folder ? `${context.dir}/${folder}` : context.dir;
  const entries = await listFolder(context, folder);
  if (!entries) return ARCHIVE.test(dir) && (await platform.exists(dir)) ? filesOfArchive(context, dir) : [];
  const binaries = entries.filter(({ name, kind }) => kind === 'file' && /\.(bin|txt)$/.test(name));
  if (binaries.some(({ name }) => name.endsWith('.bin'))) {
    return binaries.map(({ name }) => {
      const path = `${dir}/${name}`;
      return { name, path, read: () => readFile(platform, path) };
    });
  }
  if (entries.some(({ name, kind }) => name === FOLDER && kind === 'folder')) {
    return findFiles(context, FOLDER);
  }
  const archive = entries.find(({ name, kind }) => kind === 'file' && /cifar-?10\b/i.test(name) && ARCHIVE.test(name));
  return archive ? filesOfArchive(context, `${dir}/${archive.name}`) : [];
}

async function filesOfArchive(context: ReaderContext, path: string): Promise<BinaryFile[]> {
  context.onProgress?.('cifar10 archive', 0, null);
  try {
    const entries = parseTar(await reading(context, 'cifar10 archive', context.platform.readGzip(path)));
    return entries
      .filter(({ data }) => data !== undefined)
      .map(({ name, data }) => ({
        name: name.split('/').at(-1)!,
        path: `${path}: ${name}`,
        read: () => Promise.resolve(data!),
      }));
  } catch (cause) {
    if (cause instanceof InterruptedError) throw cause;
    throw new DataError(`${path}: it cannot be unpacked: ${failureOf(cause)}.`, {
      remedy: isRefusal(cause)
        ? 'the permission to read it, or another copy of it'
        : 'a complete cifar-10-binary.tar.gz: download it again',
      cause,
    });
  }
}

async function classNames(meta: BinaryFile | undefined): Promise<string[]> {
  if (!meta) return CLASSES;
  const lines = new TextDecoder().decode(await meta.read()).split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (names.length === CLASSES.length) return names;
  throw new DataError(`${meta.path}: ${names.length} class names, expected ${CLASSES.length}.`, {
    remedy: `the original file; without it, the classes are ${CLASSES.join(', ')}`,
  });
}

async function readPart(
  context: ReaderContext,
  name: string,
  classes: string[],
  files: readonly BinaryFile[],
): Promise<ImageSet> {
  const all = Promise.all(files.map(async (file) => ({ file, bytes: await file.read() })));
  const parts = await reading(context, name, all);
  for (const { file, bytes } of parts) checkRecords(file, bytes);
  const count = parts.reduce((sum, { bytes }) => sum + bytes.length / RECORD_BYTES, 0);
  const labels = new Int32Array(count);
  const pixels = new Uint8Array(count * 3 * PLANE);
  const paths: string[] = [];
  let index = 0;
  for (const { file, bytes } of parts) {
    await context.watch?.look(`${name} was read`);
    for (let at = 0; at < bytes.length; at += RECORD_BYTES, index++) {
      labels[index] = bytes[at];
      interleave(bytes, at + 1, pixels, index * 3 * PLANE);
      paths.push(`${file.name}#${at / RECORD_BYTES}`);
    }
    context.onProgress?.(name, index, count);
  }
  const sides = new Uint32Array(count).fill(SIDE);
  const images = await reading(context, name, packOf(pixels, sides, sides));
  return { name, synthetic: false, classes, images, labels, paths };
}

function checkRecords(file: BinaryFile, bytes: Uint8Array): void {
  if (bytes.length === 0) {
    throw new DataError(`${file.path}: the file is empty.`, {
      remedy: 'a complete copy of the binary version of CIFAR-10',
    });
  }
  const remainder = bytes.length % RECORD_BYTES;
  if (remainder !== 0) {
    throw new DataError(
      `${file.path}: ${bytes.length} bytes, expected a multiple of ${RECORD_BYTES}, the bytes of a record (remainder ${remainder}).`,
      { remedy: 'a complete copy of the binary version of CIFAR-10' },
    );
  }
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    if (bytes[at] < CLASSES.length) continue;
    throw new DataError(
      `${file.path}: record ${at / RECORD_BYTES} has the label ${bytes[at]}, expected 0 to ${CLASSES.length - 1}.`,
      { remedy: 'the binary version of CIFAR-10 (not CIFAR-100, not the Python version)' },
    );
  }
}

/** Converts planar RGB to interleaved RGB. */
function interleave(source: Uint8Array, from: number, target: Uint8Array, to: number): void {
  for (let i = 0; i < PLANE; i++) {
    target[to + i * 3] = source[from + i];
    target[to + i * 3 + 1] = source[from + PLANE + i];
    target[to + i * 3 + 2] = source[from + 2 * PLANE + i];
  }
}
