/** Folders as they occur in practice: no entry is dropped silently, and files left by operating systems are not used. */
import { execFileSync } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printable } from '../../src/base/text.ts';
import { ImageDecoder } from '../../src/data/codecs/decode.ts';
import { readPart } from '../../src/data/datasets/classFolders.ts';
import { failureOf } from '../../src/data/files.ts';
import { isLitter, litterIn } from '../../src/data/litter.ts';
import { loadDataset, loadOutliers } from '../../src/data/load.ts';
import { nameOf, pathOf } from '../../src/platform/nodePaths.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { flatImage, folderOf, platformWithCache, summaryOf } from '../helpers/imageFolders.ts';
import { memoryOrigin } from '../helpers/memoryOrigin.ts';

const node = await platformWithCache();

/** A `folder` data set and the notes about it. */
async function load(dir: string, { skipBad = false, platform = node as Platform } = {}) {
  const notes: string[] = [];
  const options = { inputSize: 8, seed: 0, skipBad, onNote: (text: string) => notes.push(text) };
  const set = await loadDataset(platform, { ...options, name: 'folder', dir });
  return { ...set, notes };
}

const plain = {
  'train/good/a.bmp': flatImage(1),
  'train/good/b.bmp': flatImage(2),
  'test/good/c.bmp': flatImage(3),
  'test/bad/d.bmp': flatImage(4),
};
const trained = ['good train/good/a.bmp 1', 'good train/good/b.bmp 2'];

describe('names that are not UTF-8', () => {
  test('become printable strings that map back to the same bytes', () => {
    const names = ['Muñoz.png', '日本', '😀.png', 'a\ufffdb', ''].map((name) => Buffer.from(name));
    names.push(Buffer.from('Mu\xf1oz.png', 'latin1'), Buffer.from([0xff, 0xe6, 0x97, 0x41, 0xe6, 0x97, 0xa5, 0xc3]));
    for (const bytes of names) expect(Buffer.from(pathOf(nameOf(bytes)))).toEqual(bytes);
    expect(printable(nameOf(names[5]))).toBe('Mu\\xF1oz.png');
    expect(printable(nameOf(names[6]))).toBe('\\xFF\\xE6\\x97A日\\xC3');
    expect(printable('😀')).toBe('😀');
  });

  test.skipIf(process.platform !== 'linux')('class folders and images with such names are read', async () => {
    const dir = await folderOf(plain);
    const latin1 = (path: string) => Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(path, 'latin1')]);
    await mkdir(latin1('test/ma\xdf'));
    await writeFile(latin1('test/ma\xdf/e.bmp'), flatImage(5));
    await writeFile(latin1('train/good/Mu\xf1oz.bmp'), flatImage(6));
    await writeFile(latin1('train/good/Mu\xf2oz.bmp'), 'no image');
    const { train, test: tests, skipped } = await load(dir, { skipBad: true });
    expect(summaryOf(train)).toEqual(['good train/good/Mu\\xF1oz.bmp 6', ...trained]);
    expect(summaryOf(tests)).toContain('ma\\xDF test/ma\\xDF/e.bmp 5');
    expect(skipped).toEqual([{ file: `${dir}/train/good/Mu\\xF2oz.bmp`, reason: 'it is not a JPEG, PNG or BMP file' }]);
    await expect(load(dir)).rejects.toThrow(/train\/good\/Mu\\xF2oz\.bmp: it is not/);
  });
});

describe('what cannot be read', () => {
  test.skipIf(process.platform === 'win32')(
    'pipes and sockets are refused immediately, without waiting for a writer',
    async () => {
      const dir = await folderOf(plain);
      execFileSync('mkfifo', [join(dir, 'train/good/pipe.png')]);
      const server = createServer().listen(join(dir, 'train/good/socket.png'));
      await expect(load(dir)).rejects.toThrow(/pipe\.png: it cannot be opened: it is not a regular file/);
      const { skipped } = await load(dir, { skipBad: true });
      server.close();
      const reason = 'it cannot be opened: it is not a regular file';
      expect(skipped).toEqual(['pipe', 'socket'].map((name) => ({ file: `${dir}/train/good/${name}.png`, reason })));
    },
  );

  test('a class folder that is a dangling or circular link is named in the error, and is never an empty class', async () => {
    const dir = await folderOf(plain);
    await symlink('/nowhere', join(dir, 'train/gone'));
    await symlink('itself', join(dir, 'train/good/itself'));
    await expect(load(dir)).rejects.toThrow(/train\/gone: the folder cannot be listed: a link that leads nowhere/);
    const { train, skipped } = await load(dir, { skipBad: true });
    expect(summaryOf(train)).toEqual(trained);
    expect(skipped).toEqual([
      { file: `${dir}/train/gone`, reason: expect.stringMatching(/a link that leads nowhere/) },
      { file: `${dir}/train/good/itself`, reason: 'the folder cannot be listed: links that lead to each other' },
    ]);
    await symlink('/nowhere', join(dir, 'notes.txt'));
    await rename(join(dir, 'test'), join(dir, 'elsewhere'));
    await symlink('/nowhere', join(dir, 'test'));
    await expect(load(dir, { skipBad: true })).rejects.toThrow(
      /\/test: the folder cannot be listed: a link that leads/,
    );
  });

  test('a folder without permission, a vanished folder and a vanished file are reported', async () => {
    const { files } = memoryOrigin();
    for (const [path, bytes] of Object.entries({ ...plain, 'train/good/x/e.bmp': flatImage(5) })) {
      await files.writeFileAtomic(`set/${path}`, bytes);
    }
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
    const failing = (part: Partial<Platform>): Platform => ({ ...files, cacheFolder: crypto.randomUUID(), ...part });
    const locked = failing({
      listFolder: async (path) => (path === 'set/train/good/x' ? Promise.reject(denied) : files.listFolder(path)),
    });
    await expect(load('set', { platform: locked })).rejects.toThrow(
      /set\/train\/good\/x: the folder cannot be listed: permission denied\.\n {2}Remedy: .*--skip-bad/,
    );
    const { train, skipped } = await load('set', { platform: locked, skipBad: true });
    expect(summaryOf(train)).toEqual(trained);
    expect(skipped).toEqual([{ file: 'set/train/good/x', reason: 'the folder cannot be listed: permission denied' }]);
    const closed = failing({ listFolder: () => Promise.reject(denied) });
    await expect(load('set', { platform: closed, skipBad: true })).rejects.toThrow(
      /^set: the folder cannot be listed: permission denied/,
    );
    const gone = failing({ listFolder: async (path) => (path.endsWith('/x') ? null : files.listFolder(path)) });
    await expect(load('set', { platform: gone })).rejects.toThrow(
      /good\/x: the folder cannot be listed: a link .* removed/,
    );
    const lost = failing({
      readFile: (path) => files.readFile(path.endsWith('/b.bmp') ? 'nothing' : path),
    });
    await expect(load('set', { platform: lost })).rejects.toThrow(/b\.bmp: it cannot be opened: there is no such file/);
    let reads = 0;
    const vanishing = failing({
      readFile: (path) => files.readFile(path.endsWith('/b.bmp') && ++reads === 2 ? 'nothing' : path),
    });
    expect((await load('set', { platform: vanishing, skipBad: true })).train.images.count).toBe(2);
    expect((await load('set', { platform: vanishing, skipBad: true })).train.images.count).toBe(3); // not from a cache
    expect(failureOf(Object.assign(new Error('x'), { code: 'ESTALE' }))).toBe('the network disk no longer has it');
  });

  test('a file in place of the folder is reported as such', async () => {
    const dir = await folderOf({ 'set.zip': 'PK' });
    await expect(load(`${dir}/set.zip`)).rejects.toThrow(
      /looked for .*set\.zip: it is a file, and no folder; unpack it/,
    );
    await expect(load(dir)).rejects.toThrow(/looked for .*: there is such a folder, with none of this in it/);
  });
});

test('a link to another folder is followed; a link to a parent folder is not, and a note says so', async () => {
  const dir = await folderOf({ ...plain, 'real/e.bmp': flatImage(5) });
  await symlink('../../real', join(dir, 'train/good/z'));
  await symlink('.', join(dir, 'train/good/loop'));
  await symlink('../..', join(dir, 'train/good/up'));
  await symlink('.', join(dir, 'train/classes'));
  const { train, notes } = await load(dir);
  expect(summaryOf(train)).toEqual([...trained, 'good train/good/z/e.bmp 5']);
  const note = 'a link back to a folder that it lies in; it is not followed';
  expect(notes).toEqual(['classes', 'good/loop', 'good/up'].map((path) => `${dir}/train/${path}: ${note}`));
});

test('a class of 130,000 files, more than a call takes arguments, is read', async () => {
  const names = Array.from({ length: 130_000 }, (_, i) => ({ name: `${i}.png`, kind: 'file' as const }));
  const platform = { ...node, listFolder: async () => names };
  const context = { platform, dir: 'set', inputSize: 8, seed: 0, decoder: new ImageDecoder(platform) };
  const part = await readPart(context, 'train', ['good'], () => 0);
  expect(part.files).toHaveLength(130_000);
});

describe('files left by operating systems', () => {
  const litter = {
    'train/good/@eaDir/a.bmp/SYNOFILE_THUMB_M.png': flatImage(90),
    'train/good/@eaDir/a.bmp/SYNOINDEX_MEDIA_INFO': '{}',
    'train/@eaDir/good/x.png': flatImage(91),
    'train/good/._a.bmp': 'litter',
    'train/good/Thumbs.db': 'litter',
    'train/good/.ipynb_checkpoints/a-checkpoint.bmp': flatImage(92),
    'test/$RECYCLE.BIN/S-1-5/y.jpg': flatImage(93),
    '.Trash-1000/files/train/good/old.bmp': flatImage(94),
    '__MACOSX/train/good/._a.bmp': 'litter',
    '.DS_Store': 'litter',
  };

  test('are not used as a class, as a part or inside a class; one note counts them', async () => {
    const dir = await folderOf({ ...plain, ...litter });
    const { train, test: tests, notes } = await load(dir);
    expect(summaryOf(train)).toEqual(trained);
    expect(tests.classes).toEqual(['bad', 'good']);
    expect(notes).toEqual([
      `${dir}: 7 image files left behind by systems or programs, not used: ` +
        '1 in .Trash-1000, 1 in __MACOSX, 1 in train/@eaDir, 1 in test/$RECYCLE.BIN, and in 3 more places',
    ]);
  });

  test('are not used as outlier-exposure images', async () => {
    const dir = await folderOf({ 'a.bmp': flatImage(1), '#recycle/b.bmp': flatImage(2) });
    const notes: string[] = [];
    const options = { inputSize: 8, seed: 0, onNote: (text: string) => notes.push(text) };
    const { set } = await loadOutliers(node, { ...options, source: `folder:${dir}` });
    expect([set.images.count, notes]).toEqual([
      1,
      [`${dir}: 1 image file left behind by systems or programs, not used: 1 in #recycle`],
    ]);
  });

  test('are recognized by name', () => {
    const names =
      '@eaDir,#recycle,$Recycle.Bin,RECYCLER,.Trash-1000,.Trashes,__MACOSX,._x.jpg,.ipynb_checkpoints,Thumbs.db,';
    const more =
      '.thumbnails,lost+found,System Volume Information,@Recycle,@Recently-Snapshot,#snapshot,.git,found.000,@SynoEAStream,#SynoRecycle,~snapshot';
    expect((names + more).split(',').filter((name) => !isLitter(name))).toEqual([]);
    expect(['train', 'recycle', 'lost', 'eaDir', 'a.jpg', '@home', '#1', '$', '_x'].filter(isLitter)).toEqual([]);
    expect(litterIn('a/@eaDir/b/c.png')).toEqual({ folder: 'a/@eaDir', isFile: false });
    expect(litterIn('a/._c.png')).toEqual({ folder: 'a', isFile: true });
    expect(litterIn('a/c.png')).toBeNull();
  });
});
