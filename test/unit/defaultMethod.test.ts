/** The method of a call that names none, and the reason that the run gives. */
import { describe, expect, test } from 'vitest';
import { type ConfigChoices, resolveConfig, resumedConfig } from '../../src/config/config.ts';

const software = { isSoftware: true };
const hardware = { isSoftware: false };

describe('without --method', () => {
  test.each<[string, ConfigChoices, { isSoftware: boolean }]>([
    ['own images, without a GPU', { dataset: 'folder' }, software],
    ['own images, on a GPU', { dataset: 'folder' }, hardware],
    ['white blood cells, without a GPU', { dataset: 'raabin', normal: 'Monocyte', seed: 3, size: 64 }, software],
    ['built-in weights', { dataset: 'folder', init: 'builtin' }, hardware],
    ['a score that it has', { dataset: 'folder', score: 'mahalanobis' }, software],
  ])('%s: frozen features, and why', (_, choices, adapter) => {
    const config = resolveConfig(choices, adapter);
    expect(config).toMatchObject({ method: 'dn2', init: 'builtin', arch: 'mobilenetv2', oe: null });
    expect(config.methodReason).toMatch(
      /^features of a network trained on ImageNet, compared with the nearest training images; nothing is trained; --method oecl trains/,
    );
    for (const key of ['epochs', 'batch', 'lr', 'views', 'optimizer']) expect(config).not.toHaveProperty(key);
  });

  test('the features of a file of weights', () => {
    const config = resolveConfig({ dataset: 'folder', init: 'r18.safetensors' }, software, null);
    expect(config).toMatchObject({ method: 'dn2', init: 'r18.safetensors' });
    expect(config.methodReason).toMatch(/^features of r18\.safetensors, /);
  });

  test.each<[string, ConfigChoices]>([
    ['a preset', { preset: 'tiny' }],
    ['a length', { epochs: 3 }],
    ['an architecture', { arch: 'resnet10' }],
    ['views', { views: 2 }],
    ['random weights', { init: 'uniform' }],
    ['an option of OECL', { lambda: 0.5 }],
    ['a norm as the main score', { score: 'normEnsemble' }],
  ])('%s can only mean training', (_, choices) => {
    const config = resolveConfig({ dataset: 'folder', ...choices }, software);
    expect([config.method, config.methodReason]).toEqual(['oecl', null]);
  });

  test('data sets of the paper are trained with its preset, and the demo always', () => {
    for (const dataset of ['raabin', 'cifar10'] as const) {
      const config = resolveConfig({ dataset }, hardware);
      expect([config.method, config.preset]).toEqual(['oecl', 'paper']);
      expect(config.methodReason).toMatch(/a setting of the paper, so OECL trains from scratch; --method dn2 /);
    }
    expect(resolveConfig({ dataset: 'demo' }, software)).toMatchObject({ method: 'oecl', methodReason: null });
  });

  test('photographs of objects, with photographs as outliers: a classifier; with none, or generated ones, frozen features', () => {
    const methodOf = (choices: ConfigChoices) => resolveConfig({ dataset: 'cifar10', ...choices }, software).method;
    const config = resolveConfig({ dataset: 'cifar10', oe: 'folder:photos' }, software);
    expect(config).toMatchObject({ method: 'bce', oe: 'folder:photos', init: 'uniform' });
    expect(config.methodReason).toMatch(/^CIFAR-10 shows whole objects/);
    expect([methodOf({}), methodOf({ oe: 'dead-leaves' }), methodOf({ oe: 'folder:photos', init: 'builtin' })]).toEqual(
      [...['dn2', 'dn2', 'dn2']],
    );
  });

  test('outlier images that it does not use are said, and the same call resumes', () => {
    const choices = { dataset: 'folder', oe: 'folder:photos' } as const;
    const config = resolveConfig(choices, software);
    expect(config.methodReason).toMatch(/; the images of --oe are not used$/);
    expect(resumedConfig(config, choices)).toEqual(config);
  });
});

describe('methods that start from weights', () => {
  test.each(['dn2', 'panda', 'probe'] as const)('%s refuses random ones', (method) => {
    const oe = method === 'probe' ? { oe: 'folder:outliers' } : {};
    expect(() => resolveConfig({ dataset: 'folder', method, init: 'uniform', ...oe }, software)).toThrow(
      /starts from a trained network, and these weights are random[\s\S]*--init builtin/,
    );
  });

  test('panda tunes the later stages, as its recipe says; a value given wins', () => {
    expect(resolveConfig({ dataset: 'folder', method: 'panda' }, software).freeze).toBe(3);
    expect(resolveConfig({ dataset: 'folder', method: 'panda', freeze: 4 }, software).freeze).toBe(4);
    expect(resolveConfig({ dataset: 'folder', method: 'bce', init: 'builtin' }, software).freeze).toBe('all');
  });

  test('the probe needs outliers that are not generated', () => {
    expect(() => resolveConfig({ dataset: 'folder', method: 'probe' }, software)).toThrow(
      /--method probe --oe dead-leaves: it learns from outliers that you have[\s\S]*--oe folder:DIR with five/,
    );
  });

  test('what would have no effect is refused', () => {
    const refused: [ConfigChoices, RegExp][] = [
      [{ method: 'dsvdd', nu: 0.3 }, /--nu 0.3: it would have no effect here[\s\S]*--boundary soft/],
      [{ method: 'dn2', epochs: 3 }, /--method dn2 --epochs 3: it would have no effect/],
      [{ method: 'dn2', views: 4 }, /--method dn2 --views 4: it would have no effect/],
      [{ method: 'bce', views: 4 }, /--method bce --views 4: it would have no effect[\s\S]*an ensemble score/],
      [{ method: 'dn2', augment: 'light' }, /--augment light: it would have no effect here/],
      [{ method: 'dn2', oe: 'folder:photos' }, /DN2 trains on normal images alone/],
    ];
    for (const [choices, message] of refused)
      expect(() => resolveConfig({ dataset: 'folder', ...choices }, software)).toThrow(message);
  });
});
