import { expect, test } from 'vitest';
import { LimitError } from '../../runtime/index.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { ofEvaluation, ofImages, ofNetwork, ofStep } from '../../src/train/limits.ts';

const config = resolveConfig({ batch: 64, width: 32, size: 48, views: 8 }, { isSoftware: true });
const error = (needed: number) =>
  new LimitError('a tensor [256, 32, 48, 48] f32 needs 72 MiB.', {
    details: ['adapter x'],
    remedy: 'smaller tensors',
    bytes: { needed, allowed: 1000 },
  });
const remedyOf = (changed: unknown) => (changed as LimitError).remedy;

test('a step names the batch that would fit and the cost of an image', () => {
  expect(remedyOf(ofStep(error(3000), config))).toBe(
    '--batch 21 or less (now 64; an image gives 4 views), or another adapter (--list-adapters)',
  );
  expect(remedyOf(ofStep(error(3000), { ...config, method: 'simclr' }))).toContain('an image gives 2 views');
  expect(remedyOf(ofStep(error(40_000), config))).toMatch(/^a smaller --size \(now 48\).*not even --batch 2 fits/);
  const { message, exitCode } = ofStep(error(3000), config) as LimitError;
  expect(message).toMatch(/^a tensor .* needs 72 MiB\.\n {2}adapter x\n {2}Remedy: --batch 21/);
  expect(exitCode).toBe(1);
});

test('the images of a batch suggest a smaller batch or size, never a smaller network width', () => {
  const changed = ofImages(error(3000), config);
  expect(remedyOf(changed)).toBe(
    '--batch 21 or less (now 64), or a smaller --size (now 48), to which images are scaled down, or another adapter (--list-adapters)',
  );
  expect(remedyOf(ofNetwork(changed, config))).toBe(remedyOf(changed));
  expect(remedyOf(ofImages(error(90_000), config))).toMatch(/^a smaller --size/);
  expect((changed as LimitError).message).toContain('the images of a batch of 64');
  expect(ofImages('text', config)).toBe('text');
});

test('the network and scoring name the options that their tensors depend on', () => {
  expect(remedyOf(ofNetwork(error(3000), config))).toMatch(/^a smaller --width \(now 32\)/);
  expect(remedyOf(ofEvaluation(error(3000), config))).toMatch(/--size \(now 48\).*--views \(now 8\)/);
});

test('other errors, and limits that are not in bytes, stay unchanged', () => {
  const others = [new Error('x'), new LimitError('at most 6 axes.'), 'text'];
  for (const other of others) expect(ofStep(other, config)).toBe(other);
});
