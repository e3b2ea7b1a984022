/** Files and folders dropped on the page: entries that the browser cannot open are reported, and the rest is kept. */
import { expect, test } from 'vitest';
import { droppedFiles } from '../../src/web/page/logic/dropped.ts';

const denied = new DOMException('A requested file or directory could not be found.', 'NotFoundError');

const fileEntry = (fullPath: string, file: File | null) => ({
  isFile: true,
  fullPath,
  file: (done: (file: File) => void, fail: (error: Error) => void) => (file ? done(file) : fail(denied)),
});

/** @param children null for a folder that may not be listed */
function folderEntry(fullPath: string, children: object[] | null) {
  const rest = [...(children ?? [])];
  const readEntries = (done: (entries: object[]) => void, fail: (error: Error) => void) =>
    children ? done(rest.splice(0, 2)) : fail(denied);
  return { isFile: false, fullPath, createReader: () => ({ readEntries }) };
}

test('folders are walked in batches of entries; entries that cannot be opened do not stop the walk', async () => {
  const file = new File(['x'], 'x');
  const set = folderEntry('/set', [
    fileEntry('/set/1.png', file),
    fileEntry('/set/2.png', null),
    folderEntry('/set/locked', null),
    folderEntry('/set/a', [fileEntry('/set/a/3.png', file)]),
  ]);
  const items = [{ webkitGetAsEntry: () => set }, { webkitGetAsEntry: () => null, getAsFile: () => file }];
  const given = await droppedFiles({ items } as unknown as DataTransfer);
  expect(given).toEqual([
    { path: 'set/1.png', file },
    { path: 'set/2.png', file: null },
    { path: 'set/locked', file: null },
    { path: 'set/a/3.png', file },
    { path: 'x', file },
  ]);
});
