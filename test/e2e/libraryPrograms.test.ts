/** Programs as users write them: the README's program runs, and the types of the entry points compile. */
import { execFile } from 'node:child_process';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesBelow, printedBy, programFolder, tiny } from '../helpers/program.ts';
import { tinyDataset } from '../helpers/tinyRun.ts';

const run = promisify(execFile);

let program: string;

beforeAll(async () => {
  program = await programFolder();
});

/** The program in the README. */
async function readmeProgram(): Promise<string> {
  return /^```js\n([\s\S]*?)^```/m.exec(await readFile('README.md', 'utf8'))![1];
}

test("the README's program runs verbatim, with smaller values", async () => {
  const data = await tinyDataset();
  await cp(data, join(program, 'my-images'), { recursive: true });
  for (const part of ['train', 'test']) {
    await rename(join(program, 'my-images', part, 'stripes'), join(program, 'my-images', part, 'good'));
  }
  await cp(join(data, 'test'), join(program, 'new-images'), { recursive: true });
  const { dataset: _, normal: __, ...small } = tiny();
  const source = (await readmeProgram()).replace("normal: 'good'", `normal: 'good', ...${JSON.stringify(small)}`);
  const file = join(program, 'readme.mjs');
  await writeFile(file, source);
  const printed = (await printedBy(program, file)).map((line) => line.split(' '));
  expect(printed.map(([image]) => image)).toEqual(await filesBelow(join(data, 'test')).then((files) => files.sort()));
  expect(printed.filter(([, score]) => !(Number(score) > 0))).toEqual([]);
});

/** Compilers and their module resolution; every declaration is checked except those of the language itself. */
const DOM = { lib: ['ES2023', 'DOM'], types: [] };
const BUNDLER = { module: 'ESNext', moduleResolution: 'bundler' };
const TYPE_CHECKS: [compiler: string, options: object][] = [
  ['typescript-5.9', { ...DOM, ...BUNDLER, customConditions: ['browser'] }],
  ['typescript-5.9', { ...DOM, module: 'nodenext' }],
  ['typescript', { ...DOM, ...BUNDLER }],
  ['typescript', { ...DOM, ...BUNDLER, customConditions: ['browser'] }],
  ['typescript', { ...DOM, module: 'node16' }],
  ['typescript', { lib: ['ES2023'], types: ['node'], module: 'nodenext' }],
];

describe('types', () => {
  const compile = (compiler: string, project: string) =>
    run(process.execPath, [resolve(`node_modules/${compiler}/bin/tsc`), '-p', project]).catch(
      (error: { stdout: string }) => error,
    );

  beforeAll(async () => {
    const { stdout } = await compile('typescript', 'tsconfig.types.json');
    expect(stdout).toBe('');
    await writeFile(
      join(program, 'program.ts'),
      `import { loadModel, score, train, type ImageScores } from 'oecl';
       import { openContext, platform, type Tensor } from 'oecl/runtime';
       const context = await openContext(platform);
       const x: Tensor = context.tensor([1], [1]);
       await context.close();
       const { folder } = await train({ dataset: 'demo', epochs: 1 }, { onStep: ({ loss }) => loss.toFixed(2) });
       const scores: ImageScores[] = (await score(await loadModel(folder), 'images')).scores;
       // @ts-expect-error an option that does not exist
       await train({ epoch: 1 });
       export { scores, x };`,
    );
    await writeFile(join(program, 'readme.ts'), await readmeProgram());
    await writeFile(join(program, 'package.json'), '{ "type": "module" }');
  });

  test.each(TYPE_CHECKS)('%s %j compiles a strict program, including declarations', async (compiler, options) => {
    const compilerOptions = {
      ...{ strict: true, noEmit: true, target: 'ES2023', skipLibCheck: false, skipDefaultLibCheck: true },
      ...{ typeRoots: [resolve('node_modules/@types')], ...options },
    };
    await writeFile(
      join(program, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.ts', 'readme.ts'] }),
    );
    expect((await compile(compiler, program)).stdout).toBe('');
  });
});
