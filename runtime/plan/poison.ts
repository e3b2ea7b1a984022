/** NaN in new memory, for tests: exposes kernels that read unwritten memory. */
import type { Device } from '../device/device.ts';
import { BUFFER_USAGE, Storage } from '../device/memory.ts';
import type { EagerQueue } from './eager.ts';

/** Fills new buffers with NaN, in order with the launches before and after. */
export function nanFiller(device: Device, queue: EagerQueue): (buffer: GPUBuffer) => void {
  let nan: Storage | null = null;
  return (buffer) => {
    const bytes = buffer.size;
    if (!nan || nan.bytes < bytes) {
      const source = device.gpu.createBuffer({ size: bytes, usage: BUFFER_USAGE.COPY_SRC, mappedAtCreation: true });
      new Uint8Array(source.getMappedRange()).fill(0xff);
      source.unmap();
      nan = new Storage(bytes, { buffer: source, offset: 0 });
    }
    queue.copy({ from: nan, fromOffset: 0, to: new Storage(bytes, { buffer, offset: 0 }), toOffset: 0, bytes });
  };
}
