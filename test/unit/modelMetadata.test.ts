/** The metadata of a model file, written and read. */
import { expect, test } from 'vitest';
import { FormatError } from '../../runtime/index.ts';
import { augmentOptions, resolveConfig, type ScoringConfig } from '../../src/config/config.ts';
import { modelMetadata, scoringConfig } from '../../src/runs/modelMetadata.ts';

const config = resolveConfig({ dataset: 'cifar10', normal: 'cat', seed: 2 ** 31, views: 3 }, { isSoftware: true });
const metadata = modelMetadata(config, 'cat');

test('every value that scores depend on survives writing and reading', () => {
  const { dataset, arch, method, normal, width, size, precision, scale, views, fit, sampleBits, seed } = config;
  const { augment, normalize, statistics } = config;
  const expected: ScoringConfig = {
    dataset,
    arch,
    method,
    normal,
    width,
    size,
    precision,
    scale,
    views,
    fit,
    sampleBits,
    seed,
    augment,
    normalize,
    statistics,
  };
  expect(scoringConfig(metadata, 'm.safetensors')).toEqual(expected);
});

test('f16 is written; f32 is not, as in files written before there was f16', () => {
  expect(metadata).not.toHaveProperty('precision');
  const half = modelMetadata({ ...config, precision: 'f16' }, 'cat');
  expect(scoringConfig(half, 'm.safetensors').precision).toBe('f16');
});

test('how images are read is written only where it differs from older files', () => {
  expect(metadata).not.toHaveProperty('fit');
  expect(metadata).not.toHaveProperty('sampleBits');
  const other = modelMetadata({ ...config, fit: 'pad', sampleBits: 12 }, 'cat');
  expect(scoringConfig(other, 'm.safetensors')).toMatchObject({ fit: 'pad', sampleBits: 12 });
});

test('other augmentation and normalization are written, with the measured statistics', () => {
  expect(Object.keys(metadata)).not.toEqual(expect.arrayContaining(['augment']));
  const own = { augment: 'light', normalize: 'training', statistics: '0.1,0.2,0.3,0.4,0.5,0.25' } as const;
  const read = scoringConfig(modelMetadata({ ...config, ...own }, 'cat'), 'm.safetensors');
  expect(read).toMatchObject(own);
  expect(augmentOptions(read)).toMatchObject({ mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.25] });
  expect(() => scoringConfig({ ...metadata, statistics: '1,2,3' }, 'm.safetensors')).toThrow(
    /statistics: found "1,2,3"/,
  );
});

test('nothing about the machine is written: no path, no adapter', () => {
  const elsewhere = { ...config, data: '/secret/data', out: '/secret/out', oe: 'folder:/secret', adapter: 'secret' };
  expect(JSON.stringify(modelMetadata(elsewhere, 'cat'))).not.toContain('secret');
});

test.each([
  ['views', undefined],
  ['views', '-1'],
  ['width', '0'],
  ['width', '1e15'],
  ['width', '999999999'],
  ['size', '32.5'],
  ['seed', ''],
  ['scale', '0.5'],
  ['scale', '0,1'],
  ['scale', '0.9,0.2'],
  ['arch', 'resnet1000'],
  ['precision', 'f64'],
  ['fit', 'stretch'],
  ['sampleBits', '17'],
  ['dataset', 'toString'],
])('%s %s is refused with the file, the value and a remedy', (key, value) => {
  const { [key]: _, ...rest } = metadata;
  const read = () => scoringConfig(value === undefined ? rest : { ...rest, [key]: value }, 'm.safetensors');
  expect(read).toThrow(FormatError);
  expect(read).toThrow(/^m\.safetensors: /);
  expect(read).toThrow(`${key}: found ${value === undefined ? 'none' : JSON.stringify(value)}`);
  expect(read).toThrow(/Remedy: the run folder/);
});
