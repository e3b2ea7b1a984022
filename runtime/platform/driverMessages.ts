/**
 * Messages that Dawn and the Vulkan loader write to standard error on every search for adapters, even if all is well, and
 * which of them to hide. Unknown messages are shown.
 */

/** Harmless: Dawn offers fewer dynamic buffers than the driver. */
const LIMITS = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ /;
/** Without a Vulkan driver. If there is no other adapter either, the error gives the reason (`noDriverReasons`). */
const NO_DRIVER =
  /^Warning: (Couldn't load Vulkan: .*|vkCreateInstance: Found no drivers!|vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER)$/;
/** A location in Dawn's source, with the path on the machine that built the npm package. */
const SOURCE_LINE = /^ {4}at .* \(.*\/dawn\/.*:\d+\)$/;

/** The text without the lines to hide. */
export function withoutKnownMessages(text: string): string {
  const kept: string[] = [];
  let isAfterSource = false;
  for (const line of text.split('\n')) {
    const isSource = SOURCE_LINE.test(line);
    const isEnd = isAfterSource && line === ''; // Dawn ends such a message with an empty line
    if (!isSource && !isEnd && !LIMITS.test(line) && !NO_DRIVER.test(line)) kept.push(line);
    isAfterSource = isSource;
  }
  return kept.join('\n');
}

/** Dawn's and the loader's messages on why there is no Vulkan driver; empty if there is one. */
export function noDriverReasons(text: string): string[] {
  return text.split('\n').flatMap((line) => NO_DRIVER.exec(line)?.[1] ?? []);
}
