/**
 * What differs between Node and a browser beside the GPU: files, the user's cache, and where the image codecs lie.
 * Everything in src/ that touches a file does it through this. Paths have forward slashes.
 */

/** As in runtime/platform/platform.ts: Node's own types lack this name, which the published declarations use. */
declare global {
  namespace WebAssembly {
    interface Module {}
  }
}

export interface FolderEntry {
  name: string;
  /** A link counts as what it leads to, and is broken when that is nothing. Pipes, sockets and devices are files that cannot be read. */
  kind: 'file' | 'folder' | 'broken';
  isLink?: boolean;
}

export type Codec = 'jpeg' | 'png';

/** What came of claiming a folder. */
export type FolderClaim =
  /** `takenOver`: who had it before, and ended without releasing it. */
  | { isOurs: true; takenOver: string | null }
  /** Who has it, and what can be done. */
  | { isOurs: false; owner: string; remedy: string };

export interface Platform {
  exists(path: string): Promise<boolean>;

  /**
   * What lies directly in a folder, by name in code-unit order, the same everywhere; null when there is no such folder.
   * Rejects when it may not be listed.
   */
  listFolder(path: string): Promise<FolderEntry[] | null>;

  /** The path of what a path leads to, without links; the path itself when that is nothing. */
  realPath(path: string): Promise<string>;

  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;

  /** The unpacked bytes of a gzip file, streamed: the packed ones are never held as a whole. Rejects when it is cut off. */
  readGzip(path: string): Promise<Uint8Array<ArrayBuffer>>;

  /** Writes beside the target and renames; makes the folders above; leaves no part of a file behind when it fails. */
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>;

  /** Makes the file when there is none. */
  appendFile(path: string, bytes: Uint8Array): Promise<void>;

  /** No error when there is no such file. */
  removeFile(path: string): Promise<void>;

  /** No error when it is not there, or not empty: then it stays. */
  removeEmptyFolder(path: string): Promise<void>;

  /** Makes a folder this process's or tab's alone, until it is released or the process ends. Others still can read it. */
  claimFolder(path: string): Promise<FolderClaim>;

  releaseFolder(path: string): Promise<void>;

  /** Where packed images may be kept between runs; it need not exist. */
  readonly cacheFolder: string;

  /** The folder that holds data sets by name (OECL_DATA), or null when the user named none. */
  readonly dataFolder: string | null;

  /** The compiled decoder of an image format. */
  codecModule(codec: Codec): Promise<WebAssembly.Module>;
}
