/**
 * The platform of a worker whose files belong to another process: each call is one request to the server that served the
 * worker (browserServer.ts). Paths are those of that process.
 */
import type { Codec, FolderClaim, FolderEntry, Platform } from '../platform/platform.ts';

/** As JSON: a name that is not UTF-8 contains lone surrogates, which a URL cannot. */
const escaped = (path: string): string => encodeURIComponent(JSON.stringify(path));

/** Errors keep their code (ENOSPC, EACCES, ...), by which callers recognize a full disk. */
async function ask(call: string, path: string, body?: Uint8Array): Promise<Response> {
  const response = await fetch(`files/${call}?path=${escaped(path)}`, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer> | undefined,
  });
  if (response.ok) return response;
  const { code, message } = (await response.json()) as { code?: string; message: string };
  throw Object.assign(new Error(message), code === undefined ? {} : { code });
}

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

/** @param folders those of the other process, so that both share their packs */
export function remotePlatform({ cacheFolder, dataFolder }: Pick<Platform, 'cacheFolder' | 'dataFolder'>): Platform {
  return {
    exists: async (path) => (await (await ask('exists', path)).json()) as boolean,
    listFolder: async (path) => (await (await ask('listFolder', path)).json()) as FolderEntry[] | null,
    realPath: async (path) => (await (await ask('realPath', path)).json()) as string,
    readFile: async (path) => bytesOf(await ask('readFile', path)),
    readGzip: async (path) => bytesOf(await ask('readGzip', path)),
    writeFileAtomic: async (path, bytes) => void (await ask('writeFileAtomic', path, bytes)),
    appendFile: async (path, bytes) => void (await ask('appendFile', path, bytes)),
    removeFile: async (path) => void (await ask('removeFile', path)),
    removeEmptyFolder: async (path) => void (await ask('removeEmptyFolder', path)),
    claimFolder: async (path) => (await (await ask('claimFolder', path)).json()) as FolderClaim,
    releaseFolder: async (path) => void (await ask('releaseFolder', path)),
    cacheFolder,
    dataFolder,
    codecModule: async (codec: Codec) => WebAssembly.compile(await bytesOf(await ask('codec', codec))),
    builtinWeights: async () => bytesOf(await ask('builtinWeights', '')),
  };
}
