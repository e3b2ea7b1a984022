/** Mean and deviation of the channels of training images, against loops over all of their pixels. */
import { expect, test } from 'vitest';
import { packImages } from '../../src/data/imageSet.ts';
import { channelStatistics, parseStatistics, statisticsText } from '../../src/data/statistics.ts';
import { noiseImage } from '../helpers/augmentation.ts';

test('are those of the chosen images, whatever their sizes', async () => {
  const images = [noiseImage(5, 4), noiseImage(30, 30), noiseImage(3, 9)];
  const { mean, std } = channelStatistics(await packImages(images), [0, 2]);
  for (const channel of [0, 1, 2]) {
    const values = [images[0], images[2]].flatMap(({ pixels }) =>
      [...pixels].filter((_, i) => i % 3 === channel).map((value) => value / 255),
    );
    const expected = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - expected) ** 2, 0) / values.length;
    expect(mean[channel]).toBeCloseTo(expected, 12);
    expect(std[channel]).toBeCloseTo(Math.sqrt(variance), 12);
  }
});

test('a constant channel has the deviation 1', async () => {
  const flat = { width: 2, height: 2, pixels: Uint8Array.from({ length: 12 }, (_, i) => (i % 3 === 1 ? 51 : i)) };
  const { mean, std } = channelStatistics(await packImages([flat]), [0]);
  expect([mean[1], std[1]]).toEqual([0.2, 1]);
});

test('as text they survive; other text is refused', async () => {
  const statistics = channelStatistics(await packImages([noiseImage(7, 7)]), [0]);
  expect(parseStatistics(statisticsText(statistics))).toEqual(statistics);
  for (const text of ['', '1,2,3', '1,2,3,4,5,zero', '0,0,0,1,1,0', '0,0,0,1,1,1,1'])
    expect(() => parseStatistics(text)).toThrow(/six numbers/);
});
