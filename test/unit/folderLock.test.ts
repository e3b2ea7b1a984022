/** Folder locks between processes, on disk. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FolderLocks } from '../../src/platform/folderLock.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'oecl-lock-'));

/** This process's lock in its own folder, and the folder. */
async function locked() {
  const [folder, locks] = [await newFolder(), new FolderLocks()];
  expect(await locks.claim(folder)).toEqual({ isOurs: true, takenOver: null });
  const file = join(folder, '.lock');
  return { folder, locks, file, owner: JSON.parse(await readFile(file, 'utf8')) };
}

/** A folder locked by another process: this process's lock with some values changed. */
async function lockedBy(values: object) {
  const { folder, locks, file, owner } = await locked();
  await locks.release(folder);
  await writeFile(file, JSON.stringify({ ...owner, ...values }));
  return folder;
}

test('one process at a time holds the lock; another is told which, and gets it after release', async () => {
  const { folder, locks, file, owner } = await locked();
  expect(owner).toMatchObject({ pid: process.pid, host: hostname() });
  expect(await new FolderLocks().claim(folder)).toEqual({
    isOurs: false,
    owner: `this process, ${process.pid}, since ${owner.since}`,
    remedy: 'wait until it ends, or --out with another folder',
  });
  await locks.release(folder);
  expect(await readdir(folder), 'nothing is left').toEqual([]);
  await locks.release(folder); // no error
  const other = new FolderLocks();
  expect(await other.claim(join(folder, 'new/run'))).toMatchObject({ isOurs: true });
  await other.release(join(folder, 'new/run'));
  expect(existsSync(file)).toBe(false);
});

test('of many concurrent claims, one succeeds', async () => {
  const folder = await newFolder();
  const dead = spawnSync(process.execPath, ['--version']).pid;
  await writeFile(join(folder, '.lock'), await readFile(join(await lockedBy({ pid: dead }), '.lock')));
  const all = Array.from({ length: 8 }, () => new FolderLocks());
  const claims = await Promise.all(all.map((locks) => locks.claim(folder)));
  expect(claims.filter(({ isOurs }) => isOurs)).toHaveLength(1);
  await Promise.all(all.map((locks) => locks.release(folder)));
  expect(await readdir(folder)).toEqual([]);
});

test('a lock of a running process, on this machine or another, is respected', async () => {
  const folder = await lockedBy({ pid: process.ppid, began: '' });
  expect(await new FolderLocks().claim(folder)).toMatchObject({
    isOurs: false,
    owner: expect.stringMatching(`^process ${process.ppid} on ${hostname()} since \\d{4}-`),
  });
  const elsewhere = await lockedBy({ pid: 1234, host: 'elsewhere' });
  expect(await new FolderLocks().claim(elsewhere)).toMatchObject({
    isOurs: false,
    owner: expect.stringMatching(/^process 1234 on elsewhere since/),
    remedy: `wait until it ends, or --out with another folder; if it no longer runs there, remove ${elsewhere}/.lock`,
  });
});

test('a lock whose process has ended, or whose process ID was reused, is taken over', async () => {
  const ended = spawnSync(process.execPath, ['--version']).pid;
  const locks = new FolderLocks();
  for (const values of [{ pid: ended }, { began: 'before the last start 17' }]) {
    const folder = await lockedBy(values);
    const { pid = process.pid } = values as { pid?: number };
    expect(await locks.claim(folder)).toEqual({ isOurs: true, takenOver: `process ${pid} on ${hostname()}` });
    expect(JSON.parse(await readFile(join(folder, '.lock'), 'utf8')).pid).toBe(process.pid);
    await locks.release(folder);
  }
});

test('a partially written lock is taken over', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, '.lock'), '{"pid":');
  const past = new Date(Date.now() - 60_000);
  await utimes(join(folder, '.lock'), past, past);
  const locks = new FolderLocks();
  expect(await locks.claim(folder)).toEqual({ isOurs: true, takenOver: 'a process' });
  await rm(folder, { recursive: true });
  await locks.release(folder); // no error although the folder is gone
});
