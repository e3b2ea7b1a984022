/**
 * What differs between Node and browsers, apart from the GPU: files, the user's cache, and the location of the image codecs.
 * All file access in src/ goes through this interface. Paths have forward slashes.
 */

/** As in runtime/platform/platform.ts: Node's own types lack this name, which the published declarations use. */
declare global {
  namespace WebAssembly {
    interface Module {}
  }
}

export interface FolderEntry {
  name: string;
  /** Links are followed; a link without a target is broken. Pipes, sockets and devices are files that cannot be read. */
  kind: 'file' | 'folder' | 'broken';
  isLink?: boolean;
}

export type Codec = 'jpeg' | 'png';

/** The file of the built-in weights (esbuild.config.mjs). */
export const BUILTIN_WEIGHTS = 'mobilenetv2.safetensors';

/** The result of claiming a folder. */
export type FolderClaim =
  /** `takenOver`: the previous owner, if it ended without releasing the folder. */
  | { isOurs: true; takenOver: string | null }
  /** The current owner, and what can be done. */
  | { isOurs: false; owner: string; remedy: string };

export interface Platform {
  exists(path: string): Promise<boolean>;

  /**
   * The entries of a folder by name in code-unit order, the same everywhere; null when there is no such folder.
   * Rejects when it cannot be listed.
   */
  listFolder(path: string): Promise<FolderEntry[] | null>;

  /** The path with all links resolved; the path itself when nothing is there. */
  realPath(path: string): Promise<string>;

  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;

  /** The decompressed bytes of a gzip file, which is streamed, not held in memory. Rejects when it is truncated. */
  readGzip(path: string): Promise<Uint8Array<ArrayBuffer>>;

  /** Writes to a temporary file and renames it; creates parent folders; leaves nothing behind when it fails. */
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>;

  /** Creates the file if it is missing. */
  appendFile(path: string, bytes: Uint8Array): Promise<void>;

  /** No error when it does not exist. */
  removeFile(path: string): Promise<void>;

  /** No error when it does not exist. A folder that is not empty is kept. */
  removeEmptyFolder(path: string): Promise<void>;

  /** Claims a folder for this process or tab until it is released or the process ends. Others can still read it. */
  claimFolder(path: string): Promise<FolderClaim>;

  releaseFolder(path: string): Promise<void>;

  /** Where packed images may be kept between runs; it need not exist. */
  readonly cacheFolder: string;

  /** The folder that holds data sets by name (OECL_DATA), or null when the user named none. */
  readonly dataFolder: string | null;

  /** The compiled decoder of an image format. */
  codecModule(codec: Codec): Promise<WebAssembly.Module>;

  /** The built-in weights, a safetensors file beside the program. */
  builtinWeights(): Promise<Uint8Array<ArrayBuffer>>;
}
