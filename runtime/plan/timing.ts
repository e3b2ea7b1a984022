/**
 * Times each launch of a plan with timestamp queries. Every launch gets its own pass, so a timed run is slower than a normal
 * one, but computes the same.
 */
import type { Device } from '../device/device.ts';
import { BUFFER_USAGE } from '../device/memory.ts';
import { Readback } from '../device/readback.ts';
import { LimitError } from '../errors.ts';
import type { Command } from './replay.ts';

/** What a launch computes, for profiles. */
export interface LaunchWork {
  /** Name in a profile: the kernel, and what it computes. */
  name: string;
  /** Shape of the operands as text; may be empty. */
  shape: string;
  /** Floating-point operations; 0 if not counted. */
  flops: number;
  /** Bytes spanned by its bindings, each counted once. */
  bytes: number;
}

/** Milliseconds since the beginning of the first launch. */
export interface LaunchTime extends LaunchWork {
  begin: number;
  end: number;
}

/** A query set holds at most 4096 timestamps, two per launch. */
const LAUNCHES_PER_SET = 2048;
const QUERY_RESOLVE = 512; // GPUBufferUsage.QUERY_RESOLVE, which is a global only in browsers

/**
 * Runs the commands once and times every launch.
 * @throws LimitError if the adapter has no timestamp queries
 */
export async function timedRun(device: Device, commands: readonly Command[]): Promise<LaunchTime[]> {
  if (!device.features.timestampQuery) {
    throw new LimitError('profile: the adapter has no timestamp queries (feature timestamp-query).', {
      details: [`adapter ${device.info.description}`],
      remedy: 'another adapter, or no profile',
    });
  }
  const { gpu } = device;
  const works = commands.flatMap((command) => ('copy' in command ? [] : [command.work]));
  const sets = Array.from({ length: Math.ceil(works.length / LAUNCHES_PER_SET) }, () =>
    gpu.createQuerySet({ type: 'timestamp', count: 2 * LAUNCHES_PER_SET }),
  );
  const setBytes = 2 * LAUNCHES_PER_SET * 8;
  const resolved = gpu.createBuffer({
    size: sets.length * setBytes,
    usage: QUERY_RESOLVE | BUFFER_USAGE.COPY_SRC,
  });
  const encoder = gpu.createCommandEncoder();
  let launch = 0;
  for (const command of commands) {
    if ('copy' in command) {
      const { from, fromOffset, to, toOffset, bytes } = command.copy;
      encoder.copyBufferToBuffer(from.buffer, from.offset + fromOffset, to.buffer, to.offset + toOffset, bytes);
      continue;
    }
    const at = 2 * (launch % LAUNCHES_PER_SET);
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet: sets[Math.floor(launch / LAUNCHES_PER_SET)],
        beginningOfPassWriteIndex: at,
        endOfPassWriteIndex: at + 1,
      },
    });
    launch++;
    pass.setPipeline(command.pipeline);
    pass.setBindGroup(0, command.bindGroup);
    pass.dispatchWorkgroups(command.groups[0], command.groups[1], command.groups[2]);
    pass.end();
  }
  sets.forEach((set, i) => {
    const count = 2 * Math.min(LAUNCHES_PER_SET, works.length - i * LAUNCHES_PER_SET);
    encoder.resolveQuerySet(set, 0, count, resolved, i * setBytes);
  });
  gpu.queue.submit([encoder.finish()]);
  const readback = new Readback(device);
  const stamps = new BigUint64Array(await readback.read(resolved, 0, 16 * works.length));
  readback.close();
  resolved.destroy();
  for (const set of sets) set.destroy();
  const since = (stamp: bigint) => Number(stamp - stamps[0]) / 1e6;
  return works.map((work, i) => ({ ...work, begin: since(stamps[2 * i]), end: since(stamps[2 * i + 1]) }));
}
