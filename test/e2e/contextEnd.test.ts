/** Context.close(): every later use is a clear error, work in progress completes, and the process never crashes. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programFolder } from '../helpers/program.ts';

const program = await programFolder();

/** Runs a program in its own process. Returns its output and how it ended. */
function run(body: string): { lines: string[]; ended: unknown[] } {
  const file = join(program, `end${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    file,
    `import * as rt from 'oecl/runtime';
    const open = () => rt.openContext(rt.platform, { adapter: process.env.OECL_TEST_ADAPTER });
    const context = await open();
    const tried = async (name, use) => {
      const end = (kind, text) => console.log(JSON.stringify([name, kind, text]));
      try { await use(); end('done', ''); } catch (error) { end(error.name, error.sentence ?? String(error)); }
    };
    ${body}`,
  );
  const { status, signal, stdout } = spawnSync(process.execPath, [file], {
    cwd: program,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { lines: stdout.trim().split('\n'), ended: [status, signal] };
}

test('every use of a closed context is refused', () => {
  const { lines, ended } = run(`
    const a = context.tensor([1, 2], [2]);
    const leaf = context.tensor([1], []);
    leaf.requiresGrad = true;
    const loss = rt.sum(rt.square(leaf));
    const plan = await context.record(() => rt.add(a, a));
    const optimizer = new rt.SGD([context.tensor([1], [1])], { learningRate: context.tensor([1], []) });
    plan.run();
    await context.close();
    const uses = {
      read: () => a.read(), item: () => leaf.item(), write: () => a.write([3, 4]), add: () => rt.add(a, a),
      slice: () => rt.slice(a, 0, 0, 1), tensor: () => context.tensor([1], [1]), zeros: () => context.zeros([2]),
      empty: () => context.empty([2]), record: () => context.record(() => rt.add(a, a)), backward: () => rt.backward(loss),
      run: () => plan.run(), profile: () => plan.profile(), output: () => plan.outputs.read(), step: () => optimizer.step(),
      sync: () => context.sync(), gpu: () => context.device.gpu.createBuffer({ size: 4, usage: 128 }),
    };
    for (const [name, use] of Object.entries(uses)) await tried(name, use);
    await tried('dispose', () => [a, leaf, plan.outputs].forEach((tensor) => tensor.dispose()));
    await tried('dispose of a plan', () => plan.dispose());
    await tried('close', () => context.close());
    globalThis.gc?.();
    await new Promise((done) => setTimeout(done, 100));
  `);
  const refused = lines.map((line) => JSON.parse(line)).filter(([name]) => !/^(dispose|close)/.test(name));
  expect(refused.map(([name, kind]) => [name, kind])).toEqual(
    'read item write add slice tensor zeros empty record backward run profile output step sync gpu'
      .split(' ')
      .map((name) => [name, 'UsageError']),
  );
  for (const [, , text] of refused) expect(text).toMatch(/closed/);
  expect(lines.slice(-3)).toEqual(['["dispose","done",""]', '["dispose of a plan","done",""]', '["close","done",""]']);
  expect(ended).toEqual([0, null]);
});

test('close during reads, a recording and a profile lets them complete; closing twice is allowed', () => {
  const { lines, ended } = run(`
    const a = context.tensor([1, 2], [2]);
    const plan = await context.record(() => rt.add(a, a));
    plan.run();
    const pending = [rt.mul(a, a).read(), plan.outputs.read(), context.record(() => rt.exp(rt.sub(a, a))), context.sync()];
    if (context.features.timestampQuery) pending.push(plan.profile());
    const closing = [context.close(), context.close()];
    const late = tried('late', () => a.read());
    const [product, sum, recorded] = await Promise.all(pending);
    await Promise.all([...closing, late]);
    console.log(JSON.stringify([[...product], [...sum], recorded.launches]));
    await tried('recorded', () => recorded.run());
    const other = await open();
    const [first, second] = [open(), open()];
    other.tensor([1], [1]).read().then(() => console.log('read'));
    await Promise.all([other.close(), first.then((each) => each.close()), second.then((each) => each.close())]);
    await new Promise((done) => setTimeout(done, 50));
  `);
  expect(lines).toEqual([
    '["late","UsageError","the context is closed."]',
    '[[1,4],[2,4],2]',
    '["recorded","UsageError","the context is closed."]',
    'read',
  ]);
  expect(ended).toEqual([0, null]);
});
