/**
 * Locks of folders between processes: a file `.lock` in the folder names the process that holds it. A lock left behind by a
 * killed process of this machine, or by a power cut, is taken over; the processes of other machines cannot be checked.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import type { FolderClaim } from './platform.ts';

const LOCK = '.lock';
/** An empty lock is being written, or was left half-written: milliseconds after which the latter is assumed. */
const PATIENCE = 2000;
const PAUSE = 50;

/** The content of a lock. */
interface Owner {
  pid: number;
  host: string;
  /** The PID namespace: containers on one machine have their own. '' when unknown. */
  space: string;
  /** Start time of the process in system ticks: PIDs are reused. '' when unknown. */
  began: string;
  /** Of the lock, ISO 8601. */
  since: string;
}

/** The locks that this process holds; they end with it. */
export class FolderLocks {
  /** Content by file. */
  readonly #held = new Map<string, string>();
  readonly #atExit = () => {
    for (const [file, content] of this.#held) removeOwn(file, content);
  };

  /** Claims a folder, and creates it if it is missing. */
  async claim(folder: string): Promise<FolderClaim> {
    await mkdir(folder, { recursive: true });
    const file = `${folder}/${LOCK}`;
    const content = JSON.stringify({ ...(await self()), since: new Date().toISOString() });
    let takenOver: string | null = null;
    for (let waited = 0; ; ) {
      if (await create(file, content)) break;
      const found = await readFile(file, 'utf8').catch(() => null);
      if (found === null) continue; // released in the meantime
      const owner = parse(found);
      if (owner === null && waited < PATIENCE && (await ageOf(file)) < PATIENCE) {
        await new Promise((done) => setTimeout(done, PAUSE));
        waited += PAUSE;
        continue;
      }
      if (owner !== null && !(await isDead(owner))) return { isOurs: false, ...(await describe(owner, file)) };
      takenOver = owner === null ? 'a process' : nameOf(owner);
      await remove(file, found);
    }
    if (this.#held.size === 0) process.on('exit', this.#atExit);
    this.#held.set(file, content);
    return { isOurs: true, takenOver };
  }

  async release(folder: string): Promise<void> {
    const file = `${folder}/${LOCK}`;
    const content = this.#held.get(file);
    if (content === undefined) return;
    this.#held.delete(file);
    if (this.#held.size === 0) process.removeListener('exit', this.#atExit);
    removeOwn(file, content);
  }
}

/** Creates the lock together with its content, atomically. False when there is one already. */
async function create(file: string, content: string): Promise<boolean> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await link(temporary, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV'].includes(code ?? '')) throw error;
    return createWithoutLinks(file, content);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** For file systems without hard links: the lock is briefly empty. */
async function createWithoutLinks(file: string, content: string): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a stale lock, unless another process has already replaced it with its own: that one is put back. */
async function remove(file: string, found: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== found) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

function removeOwn(file: string, content: string): void {
  try {
    if (readFileSync(file, 'utf8') === content) rmSync(file, { force: true });
  } catch {
    // the folder is gone, and the lock with it
  }
}

/** Milliseconds since it was written. */
const ageOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );

function parse(content: string): Owner | null {
  try {
    const owner = JSON.parse(content) as Owner;
    return Number.isInteger(owner?.pid) && typeof owner.host === 'string' ? owner : null;
  } catch {
    return null;
  }
}

async function self(): Promise<Omit<Owner, 'since'>> {
  const space = await readlink('/proc/self/ns/pid').catch(() => '');
  return { pid: process.pid, host: hostname(), space, began: (await beginningOf(process.pid)) ?? '' };
}

/** Whether the owner is known to have ended: its PID is free, or belongs to another process by now. */
async function isDead(owner: Owner): Promise<boolean> {
  const { host, space } = await self();
  if (owner.host !== host || owner.space !== space) return false;
  const began = await beginningOf(owner.pid);
  return began === null || (began !== '' && owner.began !== '' && began !== owner.began);
}

/** Start time of a process, '' where the system does not report it; null when there is no such process. */
async function beginningOf(pid: number): Promise<string | null> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null; // EPERM: it is another user's
  }
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' '); // the name before it may contain blanks
    return `${boot} ${fields[19]}`; // field 22: ticks since the machine started
  } catch {
    const printed = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null);
    return printed?.stdout.trim() ?? '';
  }
}

const nameOf = ({ pid, host }: Owner): string => `process ${pid} on ${host}`;

async function describe(owner: Owner, file: string): Promise<{ owner: string; remedy: string }> {
  const here = await self();
  const isHere = owner.host === here.host && owner.space === here.space;
  const isSelf = isHere && owner.pid === here.pid;
  return {
    owner: `${isSelf ? `this process, ${owner.pid},` : nameOf(owner)} since ${owner.since}`,
    remedy: `wait until it ends, or --out with another folder${isHere ? '' : `; if it no longer runs there, remove ${file}`}`,
  };
}
