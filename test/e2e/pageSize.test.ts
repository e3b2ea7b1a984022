/** What a first training run loads of the page: every script, as it is and compressed. Codecs (wasm) come with own images. */
import { expect, test } from 'vitest';
import { bytesOf, pageScripts } from '../helpers/pageScripts.ts';

const { atStart, later } = pageScripts();

test('document, worker and what they share are loaded once, and no part is missing', () => {
  const parts = (names: readonly string[]) => names.map((name) => name.replace(/-[A-Z0-9]{8}\.js$/, '.js'));
  expect(parts(atStart)).toEqual(['boot.js', 'chunk.js', 'page.js', 'worker.js']);
  expect(parts(later)).toEqual(['chunk.js', 'zip-core-custom.js', 'zip-reader.js']);
});

test.each([
  ['until the page is ready', atStart, { raw: 650_000, gzip: 250_000 }],
  ['with zip.js, which follows', [...atStart, ...later], { raw: 780_000, gzip: 290_000 }],
])('script %s', (_, files, most) => {
  const { raw, gzip } = bytesOf(files);
  expect(raw).toBeLessThanOrEqual(most.raw);
  expect(gzip).toBeLessThanOrEqual(most.gzip);
});
