/** The runs that the page lists, in memory: a damaged file is named and hides no other run. */
import { expect, test } from 'vitest';
import { Images } from '../../src/web/page/worker/images.ts';
import { Runs } from '../../src/web/page/worker/runs.ts';
import { memoryOrigin } from '../helpers/memoryOrigin.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function runsOf(files: Record<string, string>): Runs {
  const origin = memoryOrigin();
  for (const [path, text] of Object.entries(files)) origin.content.set(path, encode(text));
  return new Runs(origin.files, origin.storage);
}

test.each([
  ['config.json', { 'config.json': '{"normal": "ce', 'result.json': '{}' }],
  ['result.json', { 'config.json': '{}', 'result.json': '' }],
  ['config.json', { 'config.json': 'null' }],
])('a run with a damaged %s is listed as damaged, and opening it says why', async (name, files) => {
  const broken = Object.entries(files).map(([file, text]) => [`runs/broken/${file}`, text]);
  const runs = runsOf({ 'runs/whole/config.json': '{}', ...Object.fromEntries(broken) });
  const listed = Object.fromEntries((await runs.list()).map(({ folder, state }) => [folder, state]));
  expect(listed).toEqual({ 'runs/broken': 'damaged', 'runs/whole': 'interrupted' });
  await expect(runs.view('runs/broken')).rejects.toMatchObject({
    name: 'DataError',
    sentence: `runs/broken/${name}: the file is damaged: it holds no JSON object.`,
    remedy: 'delete this run, and train again',
  });
});

test('a damaged page note loses the threshold, not the run', async () => {
  const runs = runsOf({ 'runs/a/config.json': '{}', 'runs/a/result.json': '{"steps": 3}', 'runs/a/page.json': '{' });
  expect(await runs.info('runs/a')).toMatchObject({ state: 'finished', totalSteps: 3 });
  expect(await runs.note('runs/a')).toBeNull();
});

test('a damaged image list is named in the error', async () => {
  const origin = memoryOrigin();
  origin.content.set('data/index.json', encode('{"id":'));
  await expect(new Images(origin.files, origin.storage).read()).rejects.toThrow(
    /^data\/index\.json: the file is damaged/,
  );
});
