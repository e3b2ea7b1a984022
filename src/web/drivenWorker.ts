/**
 * The worker that `--in chrome` drives: commands come as server-sent events, events go back as POST requests in order, and
 * every file is the driver's. Paths are relative to the page that the driver serves.
 */
import { browserRuntimePlatform } from '../../runtime/platform/browser.ts';
import { remotePlatform } from '../platform/remote.ts';
import { runTraining } from '../train/run.ts';
import { type Command, tellingHooks, toPlainError, type WorkerEvent } from './protocol.ts';

const interrupt = new AbortController();

let waiting: WorkerEvent[] = [];
let isSending = false;

/** Sends what has gathered while the last request was under way: one request at a time keeps the order. */
async function tell(event: WorkerEvent): Promise<void> {
  waiting.push(event);
  if (isSending) return;
  isSending = true;
  while (waiting.length > 0) {
    const events = waiting;
    waiting = [];
    await fetch('events', { method: 'POST', body: JSON.stringify(events) });
  }
  isSending = false;
}

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
