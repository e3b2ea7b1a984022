/** A network without its run: it can score, but verdicts need reference scores. */
import { addReference } from '../actions/results.ts';
import { baseName } from '../logic/format.ts';
import { useStore } from '../state.ts';
import { FileButton } from './FileButton.tsx';
import { NewImages } from './NewImages.tsx';
import { Notice } from './Notices.tsx';
import { ScoreHistogram } from './ScoreCharts.tsx';
import { ScorePicker } from './ScorePicker.tsx';
import { ViewTitle } from './ViewTitle.tsx';

export function ModelOnly({ folder }: { folder: string }) {
  const store = useStore();
  const reference = store.reference.value?.folder === folder ? store.reference.value : null;
  return (
    <>
      <div class="view-head">
        <div>
          <p class="eyebrow">model</p>
          <ViewTitle>{baseName(folder)}</ViewTitle>
        </div>
        <FileButton
          icon="add"
          text="Add scores.csv"
          name="scores"
          wanted={{ accept: '.csv,text/csv', isMultiple: false }}
          onFiles={([file]) => addReference(store, folder, file)}
        />
      </div>
      {reference ? (
        <>
          <ScorePicker score={reference.score} names={Object.keys(reference.images[0].scores)} />
          <ScoreHistogram {...reference} />
        </>
      ) : (
        <Notice kind="info">
          <p>
            This model came without its run. It scores images: the higher the score, the more normal. For verdicts, add
            the scores.csv of the same run folder, which contains the scores of normal images.
          </p>
        </Notice>
      )}
      <NewImages folder={folder} comparison={reference} />
    </>
  );
}
