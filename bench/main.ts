/** `npm run bench`: runs the requested suites, prints measurements as they are made, and saves them on request. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../package.json';
import type { AdapterInfo } from '../runtime/index.ts';
import { adapterEnvironment, nodeRuntimePlatform } from '../runtime/platform/node.ts';
import { messageOf } from './field.ts';
import { kernelsSuite } from './kernels.bench.ts';
import {
  type BenchReport,
  changesBetween,
  type Measurement,
  type Sink,
  type Suite,
  type Surroundings,
} from './measurements.ts';
import { memorySuite } from './memory.bench.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { changeLines, headingLine, loadWarning, measurementLine, surroundingsLines } from './printer.ts';
import { Selection } from './selection.ts';
import { startupSuite } from './startup.bench.ts';
import { stepSuite } from './step.bench.ts';
import type { SuiteRun } from './suite.ts';

/** Set in the process restarted with the environment variables of the wanted adapter. */
const RESTARTED = 'OECL_BENCH_RESTARTED';

/** Dawn's names for adapters, so that peers get the same one as ours. */
const DAWN_NAMES: Partial<Record<AdapterInfo['kind'], string>> = { lavapipe: 'llvmpipe', swiftshader: 'SwiftShader' };

const TITLES: Record<Suite, string> = {
  step: 'OECL step',
  kernels: 'kernels',
  memory: 'memory of a step',
  startup: 'process start to the end of step 1',
};

/** Erases the output of progress() in a terminal. */
const clear = () => void (process.stderr.isTTY && process.stderr.write('\r\x1b[K'));

function print(line: string): void {
  clear();
  process.stdout.write(`${line}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    print(HELP);
    return 0;
  }
  const before = options.against === undefined ? null : await readReport(options.against);
  const environment = await adapterEnvironment(options.adapter);
  if (environment && Object.keys(environment).length > 0 && !process.env[RESTARTED]) return restart(args, environment);
  const found = await nodeRuntimePlatform.requestAdapter({ adapter: options.adapter });
  found.release();
  const surroundings = surroundingsOf(found.info, options);
  for (const line of surroundingsLines(surroundings)) print(line);
  const warning = loadWarning(surroundings);
  if (warning) print(`caution   ${warning}`);
  const selection = new Selection(options.only);
  const measurements = await runSuites(options, selection, found.info);
  const report = { surroundings: { ...surroundings, loadAfter: loadavg()[0] }, measurements };
  print(`\nload ${report.surroundings.loadAfter.toFixed(2)} after the end, the bench's own work included`);
  if (before)
    for (const line of ['', ...changeLines(before, changesBetween(before, report), surroundings)]) print(line);
  if (options.json !== undefined && measurements.length > 0)
    await writeFile(options.json, `${JSON.stringify(report, null, 1)}\n`);
  selection.check();
  return 0;
}

async function runSuites(options: BenchOptions, selection: Selection, adapter: AdapterInfo): Promise<Measurement[]> {
  const folder = dirname(fileURLToPath(import.meta.url));
  const dawnAdapter = DAWN_NAMES[adapter.kind] ?? (options.adapter === 'hardware' ? null : (options.adapter ?? null));
  const measurements: Measurement[] = [];
  const run: SuiteRun = {
    options,
    selection,
    folder,
    peerOptions: {
      folder: process.env.OECL_BENCH_PEERS ?? folder,
      dawnAdapter,
      isResting: options.arePeersResting,
    },
    sink: sinkInto(measurements),
  };
  const suites: Record<Suite, () => Promise<void>> = {
    step: () => stepSuite(run),
    kernels: () => kernelsSuite(run),
    memory: () => memorySuite(run),
    startup: () => startupSuite(run, adapter.vendor),
  };
  for (const suite of options.suites) {
    print(headingLine(TITLES[suite]));
    await suites[suite]();
  }
  return measurements;
}

function sinkInto(measurements: Measurement[]): Sink {
  return {
    add(measurement) {
      const isSame = ({ suite, workload }: Measurement) =>
        suite === measurement.suite && workload === measurement.workload;
      const ours =
        measurements.find((other) => isSame(other) && other.contestant === 'oecl')?.milliseconds?.median ?? null;
      const last = measurements.at(-1);
      if (measurement.milliseconds || measurement.failure)
        print(measurementLine(measurement, ours, last !== undefined && isSame(last)));
      measurements.push(measurement);
    },
    note: (text) => print(`  ${text}`),
    progress(text) {
      if (!process.stderr.isTTY) return;
      clear();
      process.stderr.write(text.slice(0, (process.stderr.columns ?? 80) - 1));
    },
  };
}

function surroundingsOf(
  { kind, vendor, architecture, device, description }: AdapterInfo,
  options: BenchOptions,
): Surroundings {
  const require = createRequire(import.meta.url);
  const versionIn = (path: string) => (require(path) as { version: string }).version;
  const peers = process.env.OECL_BENCH_PEERS;
  const dependencies: Record<string, string> =
    options.peers.length > 0 && peers ? require(`${dirname(dirname(peers))}/package.json`).dependencies : {};
  return {
    adapter: { kind, vendor, architecture, device, description },
    versions: { node: process.versions.node, oecl: version, webgpu: versionIn('webgpu/package.json'), ...dependencies },
    cpus: availableParallelism(),
    loadBefore: loadavg()[0],
    loadAfter: 0,
    arePeersResting: options.arePeersResting,
  };
}

async function readReport(path: string): Promise<BenchReport> {
  const report = JSON.parse(await readFile(path, 'utf8')) as BenchReport;
  if (!Array.isArray(report.measurements) || !report.surroundings?.adapter)
    throw new TypeError(`${path} is not a report of this benchmark`);
  return report;
}

async function restart(args: readonly string[], environment: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [process.argv[1], ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment, [RESTARTED]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code ?? 1));
    child.on('error', () => resolve(1));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof TypeError || (error as { code?: string }).code === 'ENOENT' ? 2 : 1;
}
process.exit(); // peers may have left handles
