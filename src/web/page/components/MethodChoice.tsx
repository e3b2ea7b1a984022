/** The method: a few as cards, all others in a list, each with its sentence. */
import { METHODS } from '../../../methods/table.ts';
import { change } from '../actions/choose.ts';
import { type Method, suggestedMethod, unfitReason } from '../logic/choices.ts';
import { useStore } from '../state.ts';
import { ChoiceCards } from './ChoiceCards.tsx';

/** Without training, with outlier exposure, and the baseline without it. */
const SHOWN: readonly Method[] = ['dn2', 'oecl', 'simclr'];
const OTHERS = METHODS.filter(({ name }) => !SHOWN.includes(name));

export function MethodChoice() {
  const store = useStore();
  const choices = store.choices.value;
  const choose = (method: Method) => change(store, { method });
  const other = OTHERS.find(({ name }) => name === choices.method);
  const reasonOf = (method: Method) => unfitReason(method, choices, store.data.value);
  const reason = other && reasonOf(other.name);
  const suggested = suggestedMethod(choices.source, choices.preset);
  return (
    <>
      <ChoiceCards
        legend="Method"
        name="method"
        value={choices.method}
        onChange={choose}
        choices={SHOWN.map((name) => {
          const { title, summary } = METHODS.find((method) => method.name === name)!;
          return { value: name, title, text: summary };
        })}
      />
      {choices.method === suggested.method && suggested.reason !== null && (
        <p class="quiet">Suggested: {suggested.reason}. Training from scratch takes thousands of images.</p>
      )}
      <p class="field">
        <label for="other-method">Other methods</label>
        <select
          id="other-method"
          value={other?.name ?? ''}
          onChange={(event) => {
            if (event.currentTarget.value !== '') choose(event.currentTarget.value as Method);
          }}
        >
          <option value="">None of these</option>
          {OTHERS.map(({ name, title }) => (
            <option key={name} value={name} disabled={reasonOf(name) !== null}>
              {title}
              {reasonOf(name) === null ? '' : ` (${reasonOf(name)})`}
            </option>
          ))}
        </select>
        {other && <span class="quiet">{reason ? `${other.title}: ${reason}.` : other.summary}</span>}
      </p>
    </>
  );
}
