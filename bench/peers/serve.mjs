/**
 * A peer's side of the line protocol: one JSON object per line on standard input and output. The first output line
 * identifies the peer; then `prepare` (a workload), `run` (one iteration, timed until the device is done) and `read` (the
 * result of the last iteration) get one answer each. Exits at the end of input.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { create, globals } from 'webgpu';
import { withoutKnownMessages } from '../../runtime/platform/driverMessages.ts';
import { Rest } from '../../runtime/platform/rest.ts';
import { withStandardError } from '../../runtime/platform/standardError.ts';

process.env.XDG_RUNTIME_DIR ||= tmpdir(); // Mesa warns on standard error if it is not set
console.log = console.error; // standard output belongs to the protocol
console.warn = () => {};

// The peers expect a browser: WebGPU's classes as globals, and navigator.gpu.
const [, , dawnAdapter] = process.argv;
const gpu = create(dawnAdapter ? [`adapter=${dawnAdapter}`] : []);
const { text } = await withStandardError(() => gpu.requestAdapter()); // Dawn's warnings come with the first look alone
process.stderr.write(withoutKnownMessages(text));
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'node', gpu }, configurable: true });

// --resting-peers: the peer waits as oecl does
const isResting = process.env.OECL_BENCH_RESTING === '1';
const rest = new Rest();

/** Version of an installed package. */
export function versionOf(name) {
  const entry = createRequire(import.meta.url).resolve(name);
  const root = entry.slice(0, entry.lastIndexOf(name) + name.length);
  return JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).version;
}

/** Root of the mean square: tells tensors apart whatever their layout. */
const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/**
 * Answers the runner until it ends the input.
 * @param name what the tables call the peer
 * @param prepare workload -> { run(): Promise<void>, read(): Promise<ArrayLike<number>>, dispose(): void }
 */
export async function serve(name, prepare) {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  answer({ name, adapter: adapter.info.description });
  let prepared = null;
  const requests = {
    async prepare({ workload }) {
      prepared?.dispose();
      prepared = null;
      prepared = await prepare(workload);
      return {};
    },
    async run() {
      const began = performance.now();
      const running = prepared.run();
      await (isResting ? rest.until(running) : running);
      return { milliseconds: performance.now() - began };
    },
    read: async () => ({ size: size(await prepared.read()) }),
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      answer(await requests[request.do](request));
    } catch (error) {
      answer({ error: `${error?.message ?? error}` });
    }
  }
  process.exit(0); // Dawn would keep the process alive
}
