/** Mean and standard deviation of the color channels of images, for `--normalize training`. */
import type { ChannelStatistics } from './dataset.ts';
import { imageAt, type PackedImages } from './imageSet.ts';

type PerChannel = [number, number, number];

/** Over all pixels of the chosen images, in [0, 1]. Sums of bytes are exact. A constant channel has the deviation 1. */
export function channelStatistics(images: PackedImages, indices: readonly number[]): ChannelStatistics {
  const [sums, squares]: [PerChannel, PerChannel] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  let count = 0;
  for (const index of indices) {
    const { pixels } = imageAt(images, index);
    for (let at = 0; at < pixels.length; at += 3) {
      for (let channel = 0; channel < 3; channel++) {
        const value = pixels[at + channel];
        sums[channel] += value;
        squares[channel] += value * value;
      }
    }
    count += pixels.length / 3;
  }
  const mean = sums.map((sum) => sum / count / 255) as PerChannel;
  const std = sums.map((sum, channel) => {
    const variance = (squares[channel] - (sum * sum) / count) / count;
    return variance > 0 ? Math.sqrt(variance) / 255 : 1;
  }) as PerChannel;
  return { mean, std };
}

/** As config.json and model files store it: three means, then three deviations. */
export const statisticsText = ({ mean, std }: ChannelStatistics): string => [...mean, ...std].join(',');

/** The inverse of statisticsText(). @throws Error for text that has other than six finite numbers, the last three above 0 */
export function parseStatistics(text: string): ChannelStatistics {
  const values = text.split(',').map(Number);
  const isValid = values.length === 6 && values.every(Number.isFinite) && values.slice(3).every((value) => value > 0);
  if (!isValid) throw new Error(`statistics ${JSON.stringify(text)}: expected six numbers, the last three above 0`);
  return { mean: values.slice(0, 3) as PerChannel, std: values.slice(3) as PerChannel };
}
