/** Runs of this and earlier visits; imported models. */
import { useState } from 'preact/hooks';
import { mainScoreOf } from '../../../report/result.ts';
import type { RunInfo, RunState } from '../../pageApi.ts';
import { addModel, removeRun } from '../actions/runs.ts';
import { resumeTraining } from '../actions/training.ts';
import { titleOf } from '../logic/choices.ts';
import { baseName, figure, moment, percent } from '../logic/format.ts';
import { goTo } from '../route.ts';
import { isBusy, isDemo, type Store, useStore } from '../state.ts';
import { ConfirmDialog } from './ConfirmDialog.tsx';
import { FileButton } from './FileButton.tsx';
import { Icon } from './Icon.tsx';
import { ProblemOf } from './Notices.tsx';
import { ViewTitle } from './ViewTitle.tsx';

const STATE_WORDS: Record<RunState, string> = {
  interrupted: 'not finished',
  finished: 'finished',
  model: 'model',
  damaged: 'damaged',
};

export function RunsView() {
  const store = useStore();
  const runs = store.runs.value;
  const [doomed, setDoomed] = useState<RunInfo | null>(null);
  return (
    <>
      <div class="view-head">
        <div>
          <ViewTitle>Runs</ViewTitle>
          <p class="quiet">Stored in this browser, on this computer, until you delete them or clear the site’s data.</p>
        </div>
        <FileButton
          icon="add"
          text="Load a model"
          name="model"
          wanted={{ accept: '.safetensors', isMultiple: false }}
          onFiles={([file]) => addModel(store, file)}
        />
      </div>
      <ProblemOf place="runs" />
      {runs !== null && runs.length === 0 && (
        <div class="empty">
          <p>No runs yet.</p>
          <button type="button" class="main" onClick={() => goTo('train')}>
            Train a network
          </button>
        </div>
      )}
      <ul class="runs">
        {runs?.map((run) => (
          <RunCard key={run.folder} run={run} onDelete={() => setDoomed(run)} />
        ))}
      </ul>
      {doomed && (
        <ConfirmDialog
          title={`Delete ${baseName(doomed.folder)}?`}
          text="This deletes its model, scores and report from this browser and cannot be undone. Images stay."
          action="Delete"
          onConfirm={() => removeRun(store, doomed.folder)}
          onClose={() => setDoomed(null)}
        />
      )}
    </>
  );
}

function RunCard({ run, onDelete }: { run: RunInfo; onDelete(): void }) {
  const store = useStore();
  const { folder, state, config, result, changed } = run;
  const name = baseName(folder);
  const isGoing = isBusy(store) && store.training.folder.value === folder;
  const auroc = result?.auroc?.[mainScoreOf(result)] ?? null; // earlier versions omitted it
  return (
    <li class="card run">
      <div>
        <h2>{name}</h2>
        <p class="quiet">
          <span class={`tag ${state}`}>{isGoing ? 'in progress' : STATE_WORDS[state]}</span> {moment(changed)}
          {config && ` · ${isDemo(config) ? 'demo (synthetic)' : 'my images'} · ${titleOf(config.method)}`}
        </p>
      </div>
      <p class="run-figure">{progressOf(run, auroc)}</p>
      <div class="buttons">
        <MainAction run={run} store={store} />
        <button type="button" class="small" disabled={isGoing} aria-label={`Delete ${name}`} onClick={onDelete}>
          <Icon name="bin" />
          Delete
        </button>
      </div>
    </li>
  );
}

function progressOf({ state, steps, totalSteps }: RunInfo, auroc: number | null) {
  if (state === 'interrupted') return totalSteps > 0 ? `${percent(steps / totalSteps)} done` : 'not started';
  if (state === 'model' || state === 'damaged') return null;
  return auroc === null ? (
    'no outliers tested'
  ) : (
    <>
      <strong>{figure(auroc)}</strong> AUROC
    </>
  );
}

function MainAction({ run: { folder, state }, store }: { run: RunInfo; store: Store }) {
  const name = baseName(folder);
  if (state === 'damaged') return null; // all that is left to do is to delete it
  if (state === 'interrupted') {
    return (
      <button
        type="button"
        class="small"
        disabled={isBusy(store)}
        aria-label={`Resume ${name}`}
        onClick={() => resumeTraining(store, folder)}
      >
        <Icon name="play" />
        Resume
      </button>
    );
  }
  return (
    <button type="button" class="small main" aria-label={`Open ${name}`} onClick={() => goTo('results', folder)}>
      Open
    </button>
  );
}
