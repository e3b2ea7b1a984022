/**
 * What Dawn and Vulkan's loader write on standard error while they look for adapters, and which of it nobody needs: they
 * do so whether all is well or not, for each look. What is not known here is a message to be read.
 */

/** Written although there is nothing to be done about it: Dawn offers fewer dynamic buffers than the driver has. */
const LIMITS = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ /;
/** Without a Vulkan driver. When nothing else serves either, the error says so (`noDriverReasons`). */
const NO_DRIVER =
  /^Warning: (Couldn't load Vulkan: .*|vkCreateInstance: Found no drivers!|vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER)$/;
/** A line of Dawn's source, by its path on the machine where the npm package was built. */
const SOURCE_LINE = /^ {4}at .* \(.*\/dawn\/.*:\d+\)$/;

/** The text without the lines that are known and of no use. */
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

/** Why there is no Vulkan driver, in the words of Dawn and of the loader; none when there is one. */
export function noDriverReasons(text: string): string[] {
  return text.split('\n').flatMap((line) => NO_DRIVER.exec(line)?.[1] ?? []);
}
