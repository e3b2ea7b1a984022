/**
 * WebGPU in Node: Dawn, from the npm package `webgpu`. Order of adapters: hardware, lavapipe, SwiftShader from an npm
 * package. Dawn itself prefers hardware to lavapipe; SwiftShader needs an environment of its own (adapterEnvironment).
 */
import { tmpdir } from 'node:os';
import { create } from 'webgpu';
import { AdapterError } from '../errors.ts';
import { describeAdapter } from './adapterInfo.ts';
import type { AdapterInfo, PlatformAdapter, RuntimePlatform } from './platform.ts';
import { swiftShaderEnvironment } from './swiftshader.ts';

/** Names that --adapter takes beside parts of an adapter's own name. */
export const ADAPTER_KINDS = ['hardware', 'lavapipe', 'swiftshader'] as const;

/** What Dawn knows the software adapters as. */
const DAWN_NAMES: Record<string, string> = { lavapipe: 'llvmpipe', swiftshader: 'SwiftShader' };

export const nodeRuntimePlatform: RuntimePlatform = {
  async requestAdapter({ adapter: wanted } = {}) {
    const found = await openAdapter(wanted);
    if (found) return found;
    throw new AdapterError(wanted ? `--adapter ${wanted}: there is no such adapter.` : 'no WebGPU adapter was found.', {
      details: [
        'looked for   a GPU with a Vulkan, Metal or Direct3D 12 driver',
        'then for     lavapipe (Mesa 25 or later) and SwiftShader (npm package @sparticuz/chromium)',
      ],
      remedy: wanted
        ? '--list-adapters shows those that are there'
        : 'oecl doctor says what is missing; npm install @sparticuz/chromium gives an adapter without a GPU',
    });
  },
};

/** The adapter of a kind or name, or the default one; null when there is none. */
async function openAdapter(wanted?: string): Promise<PlatformAdapter | null> {
  process.env.XDG_RUNTIME_DIR ||= tmpdir(); // Mesa complains on standard error when it is not set
  const name = wanted === undefined || wanted === 'hardware' ? undefined : (DAWN_NAMES[wanted.toLowerCase()] ?? wanted);
  let gpu: GPU | null = create(name === undefined ? [] : [`adapter=${name}`]);
  // Dawn throws, rather than resolving to null, for a name that no adapter has
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return null;
  const isFallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  const info = describeAdapter(adapter.info, isFallback);
  if (wanted === 'hardware' && info.isSoftware) return null;
  return {
    get gpu() {
      return gpu!;
    },
    adapter,
    info,
    // Dawn keeps the process alive for as long as somebody refers to what create() returned
    release() {
      gpu = null;
    },
  };
}

/** What an adapter is called; null when there is none. Opens no device. */
export async function findAdapter(wanted?: string): Promise<AdapterInfo | null> {
  const found = await openAdapter(wanted);
  found?.release();
  return found?.info ?? null;
}

/**
 * Environment variables with which a new process finds the wanted adapter: none when this process does, those of
 * SwiftShader when only it serves, null when nothing does.
 */
export async function adapterEnvironment(wanted?: string): Promise<Record<string, string> | null> {
  if (wanted?.toLowerCase() !== 'swiftshader' && (await findAdapter(wanted))) return {};
  if (wanted !== undefined && wanted.toLowerCase() !== 'swiftshader') return null;
  if (wanted !== undefined && (await findAdapter(wanted))) return {};
  return swiftShaderEnvironment(process.env);
}
