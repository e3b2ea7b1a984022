/**
 * WebGPU in Node: Dawn, from the npm package `webgpu`. Adapters by preference: hardware, lavapipe, SwiftShader from an npm
 * package. Dawn itself prefers hardware to lavapipe; SwiftShader needs environment variables (adapterEnvironment).
 */
import { tmpdir } from 'node:os';
import { create } from 'webgpu';
import { AdapterError, UnknownAdapterError } from '../errors.ts';
import { describeAdapter } from './adapterInfo.ts';
import { noDriverReasons, withoutKnownMessages } from './driverMessages.ts';
import type { AdapterInfo, PlatformAdapter, RuntimePlatform } from './platform.ts';
import { Rest } from './rest.ts';
import { withStandardError } from './standardError.ts';
import { swiftShaderEnvironment } from './swiftshader.ts';

/** Names that --adapter accepts besides parts of an adapter's own name. */
export const ADAPTER_KINDS = ['hardware', 'lavapipe', 'swiftshader'] as const;

/** SwiftShader as a package that is not loaded: it needs a new process (adapterEnvironment). */
const PACKAGED_SWIFTSHADER = {
  vendor: 'google',
  architecture: 'swiftshader',
  device: '',
  description: 'SwiftShader, from the npm package @sparticuz/chromium',
};

/** Dawn's names for the software adapters. */
const DAWN_NAMES: Record<string, string> = { lavapipe: 'llvmpipe', swiftshader: 'SwiftShader' };

export const nodeRuntimePlatform: RuntimePlatform = {
  async requestAdapter({ adapter: wanted } = {}) {
    const found = await openAdapter(wanted);
    if (found) return found;
    throw wanted === undefined ? await noAdapter() : await noSuchAdapter(wanted);
  },
};

async function noAdapter(): Promise<AdapterError> {
  const { value, text } = await withStandardError(() => create([]).requestAdapter());
  await value;
  return new AdapterError('no WebGPU adapter was found.', {
    details: [
      ...noDriverReasons(text).map((reason) => `Vulkan says  ${reason}`),
      'looked for   a GPU with a Vulkan, Metal or Direct3D 12 driver',
      'then for     lavapipe (Mesa 25 or later) and SwiftShader (npm package @sparticuz/chromium)',
    ],
    remedy: "a GPU's driver, or without a GPU: npm install @sparticuz/chromium",
  });
}

async function noSuchAdapter(wanted: string): Promise<AdapterError> {
  const names = (await listAdapters()).map((info) => info.description || info.device);
  if (names.length === 0) return noAdapter();
  return new UnknownAdapterError(`adapter ${wanted}: there is none with this name or kind.`, {
    details: names.map((name, i) => `${i === 0 ? 'there is' : '        '}  ${name}`),
    remedy: 'a part of one of these names, or no name for the best',
  });
}

/** The adapter with a kind or name, or the default one; null if there is none. */
async function openAdapter(wanted?: string): Promise<PlatformAdapter | null> {
  const kind = ADAPTER_KINDS.find((each) => each === wanted?.toLowerCase());
  if (wanted === undefined) return openNamed();
  if (kind === 'hardware') return hardwareOnly(await openNamed());
  if (kind !== undefined) return openNamed(DAWN_NAMES[kind]);
  for (const name of await adapterNames()) {
    const adapter = await openNamed(name);
    const { vendor = '', architecture = '', device = '', description = '' } = adapter?.info ?? {};
    const text = [name, vendor, architecture, device, description].join('\n');
    if (adapter && text.toLowerCase().includes(wanted.toLowerCase())) return adapter;
    adapter?.release();
  }
  return null;
}

function hardwareOnly(adapter: PlatformAdapter | null): PlatformAdapter | null {
  if (!adapter?.info.isSoftware) return adapter;
  adapter.release();
  return null;
}

/** The adapter that Dawn finds by this name, or prefers; null if there is none. */
async function openNamed(name?: string): Promise<PlatformAdapter | null> {
  process.env.XDG_RUNTIME_DIR ||= tmpdir(); // Mesa warns on standard error if it is not set
  // Dawn rounds timestamps by default to prevent timing attacks; profiles need them exact
  const flags = ['disable-dawn-features=timestamp_quantization', ...(name === undefined ? [] : [`adapter=${name}`])];
  let gpu: GPU | null = create(flags);
  // for an unknown name Dawn throws rather than resolving to null
  const adapter = await look(gpu, { powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return null;
  const isFallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  const info = describeAdapter(adapter.info, isFallback);
  const rest = new Rest();
  return {
    get gpu() {
      return gpu!;
    },
    adapter,
    info,
    wait: (pending) => rest.until(pending),
    // Dawn keeps the process alive as long as the result of create() is referenced
    release() {
      gpu = null;
    },
  };
}

/**
 * The first search of an instance for adapters, during which Dawn and the drivers write to standard error. Hides the known
 * harmless messages, unless OECL_DEBUG is set.
 */
async function look(gpu: GPU, options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> {
  if (process.env.OECL_DEBUG) return gpu.requestAdapter(options);
  const { value, text } = await withStandardError(() => gpu.requestAdapter(options));
  process.stderr.write(withoutKnownMessages(text));
  return value;
}

/** Dawn's names for the adapters of this process: it lists them in the error for an impossible name. */
async function adapterNames(): Promise<string[]> {
  process.env.XDG_RUNTIME_DIR ||= tmpdir();
  const gpu = create(['adapter=\n']);
  const refusal = await look(gpu).then(
    () => '',
    (error: Error) => error.message,
  );
  return [...new Set([...refusal.matchAll(/name: '(.*)'/g)].map(([, name]) => name))];
}

/** The names of all available adapters, hardware first: those of this process, and SwiftShader from the package. */
export async function listAdapters(): Promise<AdapterInfo[]> {
  const found: AdapterInfo[] = [];
  for (const name of await adapterNames()) {
    const adapter = await openNamed(name);
    adapter?.release();
    if (adapter) found.push(adapter.info);
  }
  if (!found.some(({ kind }) => kind === 'swiftshader') && (await swiftShaderEnvironment(process.env))) {
    found.push(describeAdapter(PACKAGED_SWIFTSHADER, true));
  }
  const rank = ({ kind }: AdapterInfo) => ['hardware', 'lavapipe', 'swiftshader', 'other-software'].indexOf(kind);
  return found.sort((a, b) => rank(a) - rank(b));
}

/** The name of an adapter; null if there is none. Opens no device. */
export async function findAdapter(wanted?: string): Promise<AdapterInfo | null> {
  const found = await openAdapter(wanted);
  found?.release();
  return found?.info ?? null;
}

/**
 * Environment variables for a new process to find the wanted adapter: empty if this process finds it, those of SwiftShader
 * if only that remains, null if there is none.
 */
export async function adapterEnvironment(wanted?: string): Promise<Record<string, string> | null> {
  if (wanted?.toLowerCase() !== 'swiftshader' && (await findAdapter(wanted))) return {};
  if (wanted !== undefined && wanted.toLowerCase() !== 'swiftshader') return null;
  if (wanted !== undefined && (await findAdapter(wanted))) return {};
  return swiftShaderEnvironment(process.env);
}
