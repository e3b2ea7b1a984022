/** The form of a run, or the run that is under way. */
import { useStore } from '../state.ts';
import { ProblemOf } from './Notices.tsx';
import { RunPanel } from './RunPanel.tsx';
import { SetupForm } from './SetupForm.tsx';

export function TrainView() {
  const { training } = useStore();
  return (
    <>
      <ProblemOf place="train" />
      {training.phase.value === 'idle' || training.phase.value === 'failed' ? <SetupForm /> : <RunPanel />}
    </>
  );
}
