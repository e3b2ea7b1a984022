/** `oecl doctor`: checks what this machine supports, what is missing, and how to install it. Changes nothing. */
import { arch, platform, release } from 'node:os';
import { type Context, openContext } from '../../runtime/index.ts';
import { ADAPTER_KINDS, adapterEnvironment, findAdapter, nodeRuntimePlatform } from '../../runtime/platform/node.ts';

const LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const;

export async function doctor(version: string): Promise<string> {
  const lines = [`oecl ${version}, Node ${process.versions.node}, ${platform()} ${release()} ${arch()}`, ''];
  const found = await Promise.all(ADAPTER_KINDS.map(async (kind) => [kind, await findAdapter(kind)] as const));
  const isPackaged = (await adapterEnvironment('swiftshader')) !== null;
  for (const [kind, info] of found) {
    const packaged =
      kind === 'swiftshader' && isPackaged ? 'from an npm package, used when nothing else is found' : 'not found';
    lines.push(`${kind.padEnd(12)} ${info ? info.description || info.device : packaged}`);
  }
  if (found.some(([, info]) => info)) {
    const context = await openContext(nodeRuntimePlatform);
    try {
      lines.push('', ...describe(context));
    } finally {
      await context.close();
    }
  }
  const advice = adviceFor(new Map(found), isPackaged);
  if (advice.length > 0) lines.push('', 'What would help:', ...advice.map((line) => `  ${line}`));
  return lines.join('\n');
}

function describe({ info, features, limits }: Context): string[] {
  const subgroups = features.subgroups ? `${features.subgroupMinSize} to ${features.subgroupMaxSize} lanes` : 'none';
  return [
    `used         ${info.description || info.device} (${info.vendor} ${info.architecture})${info.isSoftware ? ', software: slow' : ''}`,
    `subgroups    ${subgroups}`,
    `f16          ${features.f16 ? 'yes' : 'no'}`,
    ...LIMITS.map((name) => `${name} ${limits[name].toLocaleString('en')}`),
  ];
}

function adviceFor(found: ReadonlyMap<string, unknown>, hasPackage: boolean): string[] {
  const advice: string[] = [];
  if (!found.get('hardware')) {
    advice.push(
      "a GPU: if this machine has one, its Vulkan driver (mesa-vulkan-drivers, or the vendor's own) is missing or too old",
    );
  }
  if (!found.get('hardware') && !found.get('lavapipe') && platform() === 'linux') {
    advice.push(
      'lavapipe, 4 to 6 times faster than SwiftShader: Mesa 25 or later (mesa-vulkan-drivers; on Debian 12 from backports)',
    );
  }
  if (![...found.values()].some(Boolean) && !hasPackage) {
    advice.push('SwiftShader, which needs no root access: npm install @sparticuz/chromium');
  }
  return advice;
}
