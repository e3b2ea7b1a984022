/** How Playwright starts Chrome for the tests: headless, with WebGPU on SwiftShader. */
import type { LaunchOptions } from 'playwright-core';
import type { ChromeBinary } from '../../src/chrome/chromeBinary.ts';

export function launchOptions({ path, environment }: ChromeBinary): LaunchOptions {
  return {
    executablePath: path,
    env: { ...process.env, ...environment } as Record<string, string>,
    ignoreDefaultArgs: ['--disable-gpu'],
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-quic'],
  };
}
