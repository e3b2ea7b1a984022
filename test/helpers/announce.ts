/** Prints what the tests run on before they start: Node, the adapter, Chromium, the locale. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findAdapter } from '../../runtime/platform/node.ts';
import { findChrome } from '../../src/chrome/chromeBinary.ts';

export default async function announce(): Promise<void> {
  const adapter = await findAdapter(process.env.OECL_TEST_ADAPTER);
  const locale = Object.entries(process.env).filter(([name]) => /^(LANG|LANGUAGE|LC_\w+)$/.test(name));
  const lines = [
    `Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    `adapter ${adapter?.description ?? 'SwiftShader, in the processes of the tests'}`,
    await chromeLine(),
    `locale ${locale.map(([name, value]) => `${name}=${value}`).join(' ') || 'not set'}`,
  ];
  process.stdout.write(`\ntests on: ${lines.join('; ')}\n`);
}

async function chromeLine(): Promise<string> {
  const chrome = await findChrome().catch((error: Error) => error);
  if (chrome instanceof Error) return `no Chromium: ${chrome.message.split('\n')[0]}`;
  const { path, environment, from } = chrome;
  const env = { ...process.env, ...environment };
  const version = await promisify(execFile)(path, ['--version'], { env, timeout: 20_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => 'a Chromium that does not tell its version',
  );
  return `${version} (${from}: ${path})`;
}
