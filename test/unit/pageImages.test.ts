/** The store of the user's images, in memory: imports are atomic, and everything that is not imported is reported. */
import { describe, expect, test } from 'vitest';
import { ImageDecoder } from '../../src/data/codecs/decode.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import { encodePng } from '../../src/report/png.ts';
import { Images } from '../../src/web/page/worker/images.ts';
import { filesInZip, zipOf } from '../../src/web/page/worker/zip.ts';
import { pngFile } from '../helpers/encodedImages.ts';
import { flatImage } from '../helpers/imageFolders.ts';
import { type MemoryOrigin, memoryOrigin } from '../helpers/memoryOrigin.ts';

const given = (files: Record<string, Uint8Array>) =>
  Object.entries(files).map(([path, bytes]) => ({
    path,
    file: new File([bytes as BlobPart], path.split('/').at(-1)!),
  }));
const quiet = () => {};

function store(quota?: number): MemoryOrigin & { images: Images } {
  const origin = memoryOrigin(quota);
  return { ...origin, images: new Images(origin.files, origin.storage) };
}

const imagesIn = ({ content }: MemoryOrigin) =>
  [...content.keys()]
    .filter((path) => path !== 'data/index.json')
    .map((path) => path.replace(/^data\/\w+\//, ''))
    .sort();

/** A PNG file whose header declares another size. */
async function announcing(width: number, height: number): Promise<Uint8Array> {
  const png = encodePng({ width: 2, height: 2, pixels: new Uint8Array(12) });
  new DataView(png.buffer).setUint32(16, width);
  new DataView(png.buffer).setUint32(20, height);
  return png;
}

describe('adding images', () => {
  test('stores readable images and lists the rest with the reason', async () => {
    const origin = store();
    const progress: number[][] = [];
    await origin.images.add(
      'train',
      given({
        'c/a/1.bmp': flatImage(1),
        'c/a/2.png': new Uint8Array(5),
        'c/b/3.bmp': flatImage(3),
        'c/b/huge.png': await announcing(100_000, 1000),
        'c/x.txt': new Uint8Array(1),
      }),
      (done, total) => progress.push([done, total]),
    );
    const { parts, id } = await origin.images.read();
    expect(parts.train).toMatchObject({
      images: 2,
      classes: [
        { name: 'a', images: 1 },
        { name: 'b', images: 1 },
      ],
      skipped: [
        { file: 'c/a/2.png', reason: 'it is not a JPEG, PNG or BMP file' },
        { file: 'c/b/huge.png', reason: 'it has 100000 x 1000 pixels; images of up to 64 million pixels are read' },
        { file: 'c/x.txt', reason: 'it is not an image: JPEG, PNG and BMP are read' },
      ],
    });
    expect(parts.train!.pictures.map(({ className }) => className)).toEqual(['a', 'b']);
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(imagesIn(origin)).toEqual(['train/a/1.bmp', 'train/b/3.bmp']);
    expect(progress).toEqual([
      [0, 5],
      [5, 5],
    ]);
  });

  test('the thumbnail of a 16-bit image uses the range of its own values', async () => {
    const { images } = store();
    const camera = pngFile(4, 4, { colorType: 0, bits: 16, samplesAt: () => [3000] });
    await images.add('train', given({ 'a/1.png': camera }), quiet);
    const [{ uri }] = (await images.read()).parts.train!.pictures;
    const picture = await new ImageDecoder(nodePlatform()).decode(Buffer.from(uri.split(',')[1], 'base64'));
    expect(picture.pixels[0]).toBe(3000 >> 4);
  });

  test('adding more stores each image once; a different image with the same name gets a number', async () => {
    const origin = store();
    await origin.images.add('train', given({ 'a/1.bmp': flatImage(1) }), quiet);
    const before = (await origin.images.read()).id;
    await origin.images.add('train', given({ 'a/1.bmp': flatImage(1), 'b/1.bmp': flatImage(1) }), quiet);
    await origin.images.add('train', given({ 'a/1.bmp': flatImage(2), 'c/1.bmp': flatImage(1) }), quiet);
    expect(imagesIn(origin)).toEqual(['train/a/1-2.bmp', 'train/a/1.bmp', 'train/b/1.bmp', 'train/c/1.bmp']);
    const { parts, id } = await origin.images.read();
    expect(parts.train!.skipped).toEqual([{ file: 'a/1.bmp', reason: 'it is there already' }]);
    expect(id).toBe(before);
    expect([await origin.images.holds(`data/${id}`), await origin.images.holds('data/other')]).toEqual([true, false]);
  });

  test('without room the error states the sizes, and the store is unchanged', async () => {
    const big = flatImage(9);
    const early = store(64e6 + 100);
    await expect(early.images.add('train', given({ 'a/1.bmp': big }), quiet)).rejects.toMatchObject({
      name: 'DataError',
      message: expect.stringMatching(/no room[\s\S]*needed {2}1 MB[\s\S]*free {4}65 MB of the 65 MB/),
    });
    const late = store();
    await late.images.add('train', given({ 'a/1.bmp': big }), quiet);
    const before = imagesIn(late);
    const write = late.files.writeFileAtomic;
    late.files.writeFileAtomic = async (path, bytes) => {
      if (path.endsWith('/3.bmp')) throw new DOMException('full', 'QuotaExceededError');
      await write(path, bytes);
    };
    const rest = given({ 'a/2.bmp': flatImage(2), 'a/3.bmp': flatImage(3) });
    await expect(late.images.add('train', rest, quiet)).rejects.toThrow(/nothing was added/);
    expect(imagesIn(late)).toEqual(before);
    expect((await late.images.read()).parts.train!.images).toBe(1);
  });

  test('files that the browser cannot open or store are named, and the rest is added', async () => {
    const origin = store();
    const write = origin.files.writeFileAtomic;
    origin.files.writeFileAtomic = async (path, bytes) => {
      if (path.endsWith('/odd.bmp')) throw new TypeError('Name is not allowed.');
      await write(path, bytes);
    };
    const files = given({ 'a/1.bmp': flatImage(1), 'a/odd.bmp': flatImage(2) });
    await origin.images.add('train', [...files, { path: 'a/locked', file: null }], quiet);
    const { train } = (await origin.images.read()).parts;
    expect([imagesIn(origin), train!.images]).toEqual([['train/a/1.bmp'], 1]);
    expect(train!.pictures.map(({ path }) => path)).toEqual(['a/1.bmp']);
    expect(train!.skipped).toEqual([
      { file: 'a/locked', reason: 'it cannot be opened: no permission, or it was taken away' },
      { file: 'a/odd.bmp', reason: 'the browser cannot store a file of this name: Name is not allowed.' },
    ]);
  });

  test('files without any image are refused, and nothing changes', async () => {
    const origin = store();
    const files = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`a/${i}.png`, new Uint8Array(3)]));
    await expect(origin.images.add('train', given(files), quiet)).rejects.toThrow(
      /none of these files could be added\.\n {2}a\/0\.png: it is not[\s\S]*and 2 more/,
    );
    expect((await origin.images.read()).id).toBeNull();
  });

  test('leftovers of an interrupted import are removed first', async () => {
    const origin = store();
    await origin.images.add('train', given({ 'a/1.bmp': flatImage(1) }), quiet);
    const { id } = await origin.images.read();
    for (const path of [`data/${id}/train/a/2.bmp`, `data/${id}/test/x/1.bmp`, 'data/other/train/a/1.bmp']) {
      await origin.files.writeFileAtomic(path, flatImage(7));
    }
    await origin.images.tidy();
    expect(imagesIn(origin)).toEqual(['train/a/1.bmp']);
  });

  test('removing the last part leaves nothing, not even packs', async () => {
    const origin = store();
    await origin.images.add('train', given({ 'train/a/1.bmp': flatImage(1), 'test/b/1.bmp': flatImage(2) }), quiet);
    await origin.files.writeFileAtomic('cache/packs/x', new Uint8Array(1));
    await origin.images.remove('train');
    expect(imagesIn(origin)).toEqual(['test/b/1.bmp']);
    await origin.images.remove('test');
    expect([...origin.content.keys()]).toEqual([]);
    expect(await origin.images.holds('')).toBe(false);
  });
});

describe('zips', () => {
  const zip = async (files: Record<string, Uint8Array>) =>
    new Uint8Array(
      await (
        await zipOf(Object.entries(files).map(([path, bytes]) => ({ path, content: new Blob([bytes as BlobPart]) })))
      ).arrayBuffer(),
    );

  test('are unpacked; of several without folders, each is a class', async () => {
    const [one, two] = [store(), store()];
    await one.images.add(
      'train',
      given({ 'all.zip': await zip({ 'cells/a/1.bmp': flatImage(1), 'cells/b/2.bmp': flatImage(2) }) }),
      quiet,
    );
    expect(imagesIn(one)).toEqual(['train/a/1.bmp', 'train/b/2.bmp']);
    await two.images.add(
      'train',
      given({ 'a.zip': await zip({ '1.bmp': flatImage(1) }), 'b.zip': await zip({ '1.bmp': flatImage(1) }) }),
      quiet,
    );
    expect(imagesIn(two)).toEqual(['train/a/1.bmp', 'train/b/1.bmp']);
    const [parts, named] = [store(), store()];
    const halves: Record<string, Uint8Array>[] = [
      { 'p/a/1.bmp': flatImage(1), 'p/b/2.bmp': flatImage(2) },
      { 'a/3.bmp': flatImage(3), 'b/4.bmp': flatImage(4) },
    ];
    const [first, second] = [await zip(halves[0]), await zip(halves[1])];
    await parts.images.add('train', given({ 'p1.zip': first, 'p2.zip': second }), quiet);
    expect(imagesIn(parts)).toEqual(['train/a/1.bmp', 'train/a/3.bmp', 'train/b/2.bmp', 'train/b/4.bmp']);
    await named.images.add('train', given({ 'train.zip': first, 'test.zip': second }), quiet);
    expect(imagesIn(named)).toEqual(['test/a/3.bmp', 'test/b/4.bmp', 'train/a/1.bmp', 'train/b/2.bmp']);
  });

  test('an entry that escapes the zip is refused, and the rest is read; system files are counted', async () => {
    const origin = store();
    const files = Object.fromEntries(
      ['a/1.bmp', '../../etc/2.bmp', '/abs/3.bmp', 'C:\\win\\4.bmp', 'a/../../5.bmp', 'a/b/../6.bmp', 'c\\7.bmp'].map(
        (path, i) => [path, flatImage(i)],
      ),
    );
    const made = await zip({ ...files, 'a/@eaDir/1.bmp/THUMB.png': flatImage(8), '__MACOSX/a/._1.bmp': flatImage(9) });
    await origin.images.add('train', given({ 'z.zip': made }), quiet);
    expect(imagesIn(origin)).toEqual(['train/a/1.bmp', 'train/a/6.bmp', 'train/c/7.bmp']);
    const reason = 'its name leads out of the folder that it is to be put into';
    const litter = '1 image file left behind by systems or programs';
    expect((await origin.images.read()).parts.train!.skipped).toEqual([
      ...['../../etc/2.bmp', '/abs/3.bmp', 'C:\\win\\4.bmp', 'a/../../5.bmp'].map((path) => ({
        file: `z.zip: ${path}`,
        reason,
      })),
      { file: 'a/@eaDir', reason: litter },
      { file: '__MACOSX', reason: litter },
    ]);
  });

  test('damaged entries and false sizes are reported, and the rest is read', async () => {
    const whole = await zip({ 'a/1.bmp': flatImage(1) });
    const origin = store();
    const files = { 'a/0.bmp': flatImage(0), 'cut.zip': whole.subarray(0, whole.length - 9) };
    await origin.images.add('train', given(files), quiet);
    expect((await origin.images.read()).parts.train!.skipped).toEqual([
      { file: 'cut.zip', reason: 'the zip is damaged, or cut off' },
    ]);

    const lying = whole.slice();
    const claimed = flatImage(1).length;
    const view = new DataView(lying.buffer);
    for (let at = 0; at + 4 <= lying.length; at++)
      if (view.getUint32(at, true) === claimed) view.setUint32(at, claimed - 8, true);
    const [entry] = await filesInZip(new Blob([lying]));
    await expect(entry.read()).rejects.toThrow('the zip is damaged here');
  });

  test('an empty zip, an unsupported compression method and an excessive size are each reported with the reason', async () => {
    const whole = await zip({ 'a/1.bmp': flatImage(1), 'a/2.bmp': flatImage(2) });
    /** Changes both headers of the first file; the field is 2 bytes later in the central one. */
    const changed = (at: number, write: (view: DataView, at: number) => void) => {
      const bytes = whole.slice();
      const view = new DataView(bytes.buffer);
      const central = bytes.findIndex((_, i) => i + 4 <= bytes.length && view.getUint32(i, true) === 0x02014b50);
      write(view, at);
      write(view, central + at + 2);
      return bytes;
    };
    const methods = changed(8, (view, at) => view.setUint16(at, 14, true));
    const sizes = changed(22, (view, at) => view.setUint32(at, 4_000_000_000, true));
    const origin = store();
    const files = { 'none.zip': await zip({}), 'methods.zip': methods, 'sizes.zip': sizes };
    await origin.images.add('train', given(files), quiet);
    expect((await origin.images.read()).parts.train!.skipped.map(({ reason }) => reason)).toEqual([
      'there are no files in this zip',
      'it is packed by another method than Deflate; unpack the zip yourself, or pack it again',
      'it has 4,000 MB; files of up to 250 MB are read',
      'it is there already',
    ]);
  });
});
