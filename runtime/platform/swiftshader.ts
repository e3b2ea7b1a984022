/**
 * SwiftShader from the npm package @sparticuz/chromium: a Vulkan driver that needs neither a GPU nor root. It is unpacked
 * once into the user's cache. The folder must be in LD_LIBRARY_PATH before the process starts.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { parseTar } from 'nanotar';

const PACKAGE = '@sparticuz/chromium';
const MANIFEST = 'vk_swiftshader_icd.json';

/** Environment variables for Vulkan to find SwiftShader, or null if the package is missing or does not support the system. */
export async function swiftShaderEnvironment(env: NodeJS.ProcessEnv): Promise<Record<string, string> | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const packed = findPackage();
  if (!packed) return null;
  const folder = await unpack(packed, env);
  const libraries = [folder, env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { LD_LIBRARY_PATH: libraries, VK_DRIVER_FILES: join(folder, MANIFEST) };
}

function findPackage(): { archive: string; version: string } | null {
  try {
    const entry = createRequire(import.meta.url).resolve(PACKAGE);
    const root = entry.slice(
      0,
      entry.lastIndexOf(join('@sparticuz', 'chromium')) + join('@sparticuz', 'chromium').length,
    );
    const { version } = createRequire(import.meta.url)(join(root, 'package.json')) as { version: string };
    const archive = join(root, 'bin', 'swiftshader.tar.br');
    return existsSync(archive) ? { archive, version } : null;
  } catch {
    return null; // not installed: it is a development dependency
  }
}

async function unpack(
  { archive, version }: { archive: string; version: string },
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const folder = join(cacheFolder(env), `swiftshader-${version}`);
  if (existsSync(join(folder, MANIFEST))) return folder;
  const temporary = `${folder}.${randomUUID()}.part`;
  await mkdir(temporary, { recursive: true });
  try {
    for (const { name, data } of parseTar(brotliDecompressSync(await readFile(archive)))) {
      if (!data || name.endsWith('/')) continue;
      const path = join(temporary, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, data, { mode: 0o755 });
    }
    await rename(temporary, folder).catch((error) => {
      if (!existsSync(join(folder, MANIFEST))) throw error; // otherwise another process was faster
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env.OECL_CACHE) return env.OECL_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'oecl');
}
