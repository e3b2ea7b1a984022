/**
 * The worker that `--in chrome` drives: commands come as server-sent events, events go back as POST requests in order, and
 * all files belong to the driver. Paths are relative to the page that the driver serves.
 */
import { browserRuntimePlatform } from '../../runtime/platform/browser.ts';
import { type Command, tellingHooks, toPlainError, type WorkerEvent } from '../chrome/protocol.ts';
import { remotePlatform } from '../chrome/remote.ts';
import { runTraining } from '../runs/run.ts';

const interrupt = new AbortController();

/** Sends events in one request at a time, which keeps their order; events in the meantime are sent with the next request. */
class Teller {
  #waiting: WorkerEvent[] = [];
  #isSending = false;

  async tell(event: WorkerEvent): Promise<void> {
    this.#waiting.push(event);
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const events = this.#waiting;
      this.#waiting = [];
      await fetch('events', { method: 'POST', body: JSON.stringify(events) });
    }
    this.#isSending = false;
  }
}

const teller = new Teller();
const tell = (event: WorkerEvent): Promise<void> => teller.tell(event);

async function obey(command: Command): Promise<void> {
  try {
    if (command.type === 'stop') interrupt.abort();
    else if (command.type === 'adapter') {
      const { info, release } = await browserRuntimePlatform.requestAdapter({ adapter: command.wanted });
      release();
      await tell({ type: 'adapter', info });
    } else {
      const { config, mode, folders } = command;
      const platforms = { runtime: browserRuntimePlatform, files: remotePlatform(folders) };
      const hooks = tellingHooks((event) => void tell(event), interrupt.signal);
      await tell({ type: 'done', outcome: await runTraining(platforms, config, mode, hooks) });
    }
  } catch (error) {
    await tell({ type: 'failed', error: toPlainError(error) });
  }
}

const commands = new EventSource('commands');
commands.onmessage = ({ data }) => void obey(JSON.parse(data) as Command);
commands.onopen = () => void tell({ type: 'ready' });
