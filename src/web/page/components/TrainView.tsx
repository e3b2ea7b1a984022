/** The form for a run, or the run in progress. */
import { resumeTraining } from '../actions/training.ts';
import { useStore } from '../state.ts';
import { Icon } from './Icon.tsx';
import { ProblemOf } from './Notices.tsx';
import { RunPanel } from './RunPanel.tsx';
import { SetupForm } from './SetupForm.tsx';

export function TrainView() {
  const { training } = useStore();
  return (
    <>
      <ProblemOf place="train" />
      <ResumeFailed />
      {training.phase.value === 'idle' || training.phase.value === 'failed' ? <SetupForm /> : <RunPanel />}
    </>
  );
}

/** A run that failed half-way still has its checkpoint. */
function ResumeFailed() {
  const store = useStore();
  const { phase, folder, hasChangedData } = store.training;
  const run = store.runs.value?.find((each) => each.folder === folder.value);
  if (phase.value !== 'failed' || run?.state !== 'interrupted') return null;
  return (
    <div class="buttons">
      <button type="button" onClick={() => resumeTraining(store, run.folder, hasChangedData.value)}>
        <Icon name="play" />
        {hasChangedData.value ? 'Resume with the changed images' : 'Resume from the last checkpoint'}
      </button>
    </div>
  );
}
