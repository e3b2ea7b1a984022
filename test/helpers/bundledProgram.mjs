/**
 * A program for a page or a worker, as a user would write it; bundlers.test.ts bundles it with popular bundlers. Scores
 * the server's images with the server's model, by a function on the page's global object or per message to the worker.
 */
import { loadModel, score } from 'oecl';

async function scoreAll() {
  const given = async (path) => (await fetch(path)).arrayBuffer();
  const model = await loadModel(await given('/model.safetensors'));
  const jpeg = { name: 'a.jpg', bytes: await given('/a.jpg') };
  const png = new File([await given('/b.png')], 'b.png');
  const answer = await score(model, [jpeg, png]).catch((error) => `${error.name}: ${error.message}`);
  return typeof answer === 'string' ? answer : answer.scores.map(({ image, norm }) => [image, norm]);
}

globalThis.scoreAll = scoreAll;
globalThis.onmessage = async () => globalThis.postMessage(await scoreAll());
