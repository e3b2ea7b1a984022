/** How large the run is: the presets, with what they mean for the chosen images. */

import { PRESETS, type Preset } from '../../../base/recipe.ts';
import { recipeOf } from '../../../config/presets.ts';
import { architectureNamed } from '../../../models/table.ts';
import { change } from '../actions/choose.ts';
import { datasetOf } from '../logic/choices.ts';
import { useStore } from '../state.ts';
import { ChoiceCards } from './ChoiceCards.tsx';

const TITLES: Record<Preset, string> = { tiny: 'Tiny', small: 'Small', paper: 'As in the paper' };
const PURPOSE: Record<Preset, string> = {
  tiny: 'Minutes, even without a GPU; the weakest network.',
  small: 'For a laptop GPU.',
  paper: 'Hours on a strong GPU.',
};

export function PresetCards() {
  const store = useStore();
  const { source, preset, method } = store.choices.value;
  const words = (name: Preset): string => {
    const { epochs, size, arch } = recipeOf(name, datasetOf(source), method);
    return `${PURPOSE[name]} ${architectureNamed(arch).title}, ${size} px, ${epochs} epochs.`;
  };
  return (
    <ChoiceCards
      legend="Size of the run"
      name="preset"
      value={preset}
      onChange={(value) => change(store, { preset: value })}
      choices={[...PRESETS].reverse().map((value) => ({ value, title: TITLES[value], text: words(value) }))}
    />
  );
}
