/** Files that were dropped or chosen, with their parent folders. */
import type { GivenFile } from '../../pageApi.ts';

/** The files of a drop, including those in folders. Must be called in the event handler: later, the list is empty. */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  // files from other pages have no entry
  const dropped = Array.from(transfer.items, (item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files: GivenFile[] = [];
  for (const each of dropped) {
    if (each instanceof File) files.push({ path: each.name, file: each });
    else if (each !== null) await collect(each, files);
  }
  return files;
}

/** The files of an `<input type=file>`, of single files and of a folder alike. */
export function chosenFiles(list: FileList): GivenFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function collect(entry: FileSystemEntry, files: GivenFile[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const open = new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    files.push({ path, file: await open.catch(() => null) });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // a reader returns up to a hundred entries at a time, and none at the end
  for (;;) {
    const read = new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    const batch = await read.catch(() => null);
    if (batch === null) files.push({ path, file: null }); // for example without permission: reported like a file
    if (batch === null || batch.length === 0) return;
    for (const child of batch) await collect(child, files);
  }
}
