/** The device that trains, and what to do when there is none, or a slow one. */
import { useStore } from '../state.ts';
import { Icon } from './Icon.tsx';
import { Notice, ProblemBox } from './Notices.tsx';

export function DeviceChip() {
  const device = useStore().device.value;
  if (device.kind === 'asking') return <span class="device quiet">Looking for a GPU…</span>;
  if (device.kind === 'none') {
    return (
      <span class="device bad">
        <Icon name="warn" />
        No device
      </span>
    );
  }
  const { vendor, architecture, description, isSoftware } = device.report;
  const name = [vendor, architecture].filter(Boolean).join(' ') || description || 'GPU';
  return (
    <span class="device" title={description}>
      <Icon name="chip" />
      {isSoftware ? 'Software adapter' : name}
    </span>
  );
}

export function DeviceNotice() {
  const { device: state, route } = useStore();
  const device = state.value;
  if (device.kind === 'none') return <ProblemBox problem={device.problem} />;
  const isAboutTraining = route.value.view === 'images' || route.value.view === 'train';
  if (device.kind === 'ready' && device.report.isSoftware && isAboutTraining) {
    return (
      <Notice>
        <p>
          <strong>No GPU was found: training runs on the processor.</strong> The results are correct, but training is
          slow. Use the size “Tiny”, or open this page in a recent Chrome or Edge on a computer with a GPU, with
          hardware acceleration enabled in the browser’s settings.
        </p>
      </Notice>
    );
  }
  return null;
}
