import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../runtime/random.ts';
import { crc32 } from '../../src/base/crc32.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { histogram } from '../../src/report/histogram.ts';
import { histogramPlot, linePlot, niceScale, rocPlot } from '../../src/report/plot.ts';
import { encodePng, thumbnailUri } from '../../src/report/png.ts';
import { buildReport, type ReportInput } from '../../src/report/report.ts';
import { testMetrics } from '../../src/report/result.ts';
import { METRIC_NAMES } from '../../src/scores/metrics.ts';
import type { StepMetrics } from '../../src/train/stepMetrics.ts';

describe('encodePng', () => {
  test('the pixels round-trip, with valid signature, sizes and CRCs, and unfiltered rows', async () => {
    const pixels = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => i * 5);
    const png = Buffer.from(encodePng({ width: 5, height: 3, pixels }));
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    const chunks: [string, Buffer][] = [];
    for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
      const end = at + 8 + png.readUInt32BE(at);
      expect(png.readUInt32BE(end)).toBe(crc32(png.subarray(at + 4, end)));
      chunks.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, end)]);
    }
    expect(chunks.map(([type]) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect([chunks[0][1].readUInt32BE(0), chunks[0][1].readUInt32BE(4)]).toEqual([5, 3]);
    const rows = inflateSync(chunks[1][1]);
    for (let y = 0; y < 3; y++) {
      expect(rows[y * 16]).toBe(0);
      expect(rows.subarray(y * 16 + 1, y * 16 + 16).equals(pixels.subarray(y * 15, y * 15 + 15))).toBe(true);
    }
  });

  test('crc32 matches the check value of the CRC catalog', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  test('a thumbnail keeps small images and averages large ones', async () => {
    const uri = thumbnailUri({ width: 200, height: 100, pixels: new Uint8Array(200 * 100 * 3).fill(77) }, 50);
    const png = Buffer.from(uri.split(',')[1], 'base64');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([50, 25]);
    const small = thumbnailUri({ width: 2, height: 1, pixels: new Uint8Array(6) }, 50);
    expect(Buffer.from(small.split(',')[1], 'base64').readUInt32BE(16)).toBe(2);
  });
});

describe('a histogram', () => {
  test('has the shares of each group over common bins; the last bin includes the highest value', () => {
    const { edges, shares } = histogram([[0, 1, 4], [2]], 4);
    expect(edges).toEqual([0, 1, 2, 3, 4]);
    expect(shares[0].map((share) => share * 3)).toEqual([1, 1, 0, 1]);
    expect(shares[1]).toEqual([0, 0, 1, 0]);
  });

  test.each([[[[], []]], [[[2, 2], []]]])('has finite edges for %j, whose values span no range', (groups) => {
    const { edges, shares } = histogram(groups, 3);
    expect(edges.every(Number.isFinite)).toBe(true);
    expect(shares[0].reduce((sum, share) => sum + share, 0)).toBeCloseTo(groups[0].length > 0 ? 1 : 0);
  });
});

describe('plots', () => {
  test('niceScale gives round ticks that cover the values', () => {
    expect(niceScale(0, 9.3, 5, true)).toEqual({ min: 0, max: 10, ticks: [0, 2, 4, 6, 8, 10] });
    expect(niceScale(0.11, 0.19, 4, true).ticks).toEqual([0.1, 0.12, 0.14, 0.16, 0.18, 0.2]);
    expect(niceScale(1, 500, 6, false).ticks).toEqual([100, 200, 300, 400, 500]);
    for (const value of [0, 5, -3, 1e-9]) {
      const { min, max, ticks } = niceScale(value, value, 5, true); // all values equal
      expect(max).toBeGreaterThan(min);
      expect(ticks.length).toBeGreaterThan(1);
    }
  });

  test('handle the size of a large run: 200,000 steps and scores', () => {
    const values = Float64Array.from({ length: 200_000 }, (_, i) => i % 1000);
    const line = { label: 'a', color: 'normal', x: values.map((_, i) => i), y: values };
    expect(linePlot({ title: 't', lines: [line], xLabel: 'x' })).toContain('class="band normal"');
    const groups = [{ label: 'a', color: 'normal', values }];
    expect(histogramPlot({ title: 't', groups, xLabel: 'x' })).toContain('>1000<');
  });

  test('no coordinate is NaN for one point, equal values or one bin', () => {
    const one = { label: 'a', color: 'normal', x: [1], y: [3] };
    const many = {
      label: 'b',
      color: 'outlier',
      x: Array.from({ length: 999 }, (_, i) => i),
      y: new Array(999).fill(0),
    };
    const plots = [
      linePlot({ title: 't', lines: [one], xLabel: 'step' }),
      linePlot({ title: 't', lines: [many], xLabel: 'step', markers: [{ x: 3, label: 'm' }] }),
      histogramPlot({ title: 't', groups: [{ label: 'a', color: 'normal', values: [2, 2] }], xLabel: 'score' }),
      rocPlot({ title: 't', falsePositiveRate: [0, 1], truePositiveRate: [0, 1], operating: 1 }),
    ];
    for (const plot of plots) {
      expect(plot).toMatch(/^<svg [\s\S]*<\/svg>$/);
      expect(plot).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});

/** Synthetic results, enough to fill the report. */
function sampleInput(count: number): ReportInput {
  const random = new RandomStream(1, 99);
  const images = Array.from({ length: count }, (_, i) => ({
    path: `TestA/${i}.jpg`,
    className: ['Neutrophil', '<b>&', 'Monocyte'][i % 3],
    isNormal: i % 3 === 0,
  }));
  const values = images.map(({ isNormal }) => random.next() * 3 + (isNormal ? 2 : 0));
  const scores = { norm: values, normEnsemble: values, knn: values.map((value) => -1 / (1 + value)) };
  const config = resolveConfig({ dataset: 'raabin', method: 'oecl' }, { isSoftware: true });
  const metrics = testMetrics(
    scores,
    images.map(({ isNormal }) => isNormal),
    images.map(({ className }) => className),
  );
  return {
    config,
    result: {
      ...{
        dataset: 'raabin',
        protocol: 'one-vs-rest',
        normal: 'Neutrophil',
        method: 'oecl',
        oe: 'dead-leaves',
        seed: 0,
      },
      ...metrics,
      synthetic: true,
      mainScore: 'normEnsemble',
      mainScoreReason: 'It is <the default>.',
      ...{ steps: 3, epochs: 1, weightsSha256: 'ab', trainImages: 9, oeImages: 9, where: 'node' as const },
      seconds: { total: 1, setup: 0, compile: 0, train: 1, evaluate: 0 },
      testImages: { in: count / 3, out: (count * 2) / 3 },
      adapter: { vendor: 'v', architecture: '', device: '', description: 'd' },
    },
    metrics: [1, 2, 3].map(
      (step): StepMetrics => ({
        ...{ step, epoch: 0, loss: 4, contrastive: 3, penalty: 1, lambda: step > 1 ? 1 : 0, lr: 0.1, ms: 1 },
        ...{ normNormal: 2, normOutlier: 1 },
      }),
    ),
    images,
    scores,
    pixelsOf: () => ({ width: 4, height: 4, pixels: new Uint8Array(48) }),
    notes: ['a note with <script>'],
    skipped: [
      { file: 'bad.jpg', reason: 'truncated' },
      { file: 'a\u202egpj.exe\x1b', reason: 'empty' },
    ],
  };
}

describe('buildReport', () => {
  test('is self-contained and complete: no script, no URL, everything escaped', async () => {
    const html = await buildReport(sampleInput(30));
    expect(html).not.toMatch(/<script|https?:|<link|@import|url\(/);
    expect(html).not.toContain('<b>&<');
    expect(html).not.toMatch(/NaN|undefined/);
    for (const part of [
      'a\\u202egpj.exe\\u001b',
      'Synthetic images',
      'ROC curve',
      'Mean norm of the features',
      'penalty starts',
      'bad.jpg',
      '--epochs',
    ]) {
      expect(html).toContain(part);
    }
    expect(html.match(/<img/g)).toHaveLength(30); // each of 30 test images, in one half of the gallery or the other
  });

  test('every score of the run is plotted, the main one first, including scores unknown to this version', async () => {
    const { scores, result, ...input } = sampleInput(30);
    const other = { ...scores, later: scores.norm };
    const truth = input.images.map(({ isNormal }) => isNormal);
    const metrics = testMetrics(
      other,
      truth,
      input.images.map(({ className }) => className),
    );
    const html = await buildReport({ ...input, scores: other, result: { ...result, ...metrics, mainScore: 'knn' } });
    expect(html).toContain('AUROC, score knn');
    expect(html).toContain('It is &lt;the default&gt;.');
    expect(html.match(/<summary>(\w+)/g)).toEqual(['norm', 'normEnsemble', 'later'].map((name) => `<summary>${name}`));
    expect(html.match(/Histograms of the scores/g)!.length).toBeGreaterThanOrEqual(4);
    expect(html).not.toMatch(/NaN|undefined/);
  });

  test('without test outliers there are no separation metrics, and a sentence says why', async () => {
    const { result, images, ...input } = sampleInput(9);
    const scores = input.scores;
    const none = testMetrics(
      scores,
      images.map(() => true),
      images.map(() => 'all'),
    );
    const nulls = { norm: null, normEnsemble: null, knn: null };
    for (const name of METRIC_NAMES) expect(none[name]).toEqual(nulls);
    expect(none).toMatchObject({ undefinedMetrics: 'no test image is an outlier', perOodClass: {} });
    const html = await buildReport({
      ...input,
      images: images.map((image) => ({ ...image, isNormal: true })),
      result: { ...result, ...none, protocol: 'all-normal', normal: 'all', testImages: { in: 9, out: 0 } },
    });
    for (const part of ['No outliers were tested', 'How the test images score', '95 % of normal above', 'Training']) {
      expect(html).toContain(part);
    }
    expect(html).not.toMatch(/ROC|AUROC|NaN|undefined|Each outlier class/);
    expect(() => testMetrics({ norm: [1], knn: [Number.NaN] }, [true], ['all'])).toThrow(/expected a finite number/);
  });

  test('a method without outliers has no outlier curves', async () => {
    const input = sampleInput(9);
    const html = await buildReport({
      ...input,
      result: { ...input.result, oe: null, synthetic: false },
      metrics: input.metrics.map((entry) => ({ ...entry, penalty: null, normOutlier: null, lambda: 0 })),
    });
    expect(html).toContain('no outlier exposure');
    expect(html).not.toMatch(/outlier-exposure images<\/span>|penalty starts|Synthetic/);
  });
});
