/** The options that few need; an empty field stands for the preset's value, which it shows. */
import { FITS } from '../../../data/fit.ts';
import { change } from '../actions/choose.ts';
import {
  type Choices,
  defaultOf,
  FIT_NAMES,
  isUsed,
  NUMBER_FIELDS,
  type NumberField,
  OPTIMIZERS,
  OPTION_LABELS,
} from '../logic/choices.ts';
import { useStore } from '../state.ts';

export function MoreOptions() {
  const store = useStore();
  const { method, optimizer, fit, numbers } = store.choices.value;
  const ofNumbers = Object.values(numbers).filter((value) => value !== undefined).length;
  const changed = ofNumbers + (optimizer === '' ? 0 : 1) + (fit === 'crop' ? 0 : 1);
  return (
    <details class="more">
      <summary>
        More options
        {changed > 0 && <span class="badge">{changed} changed</span>}
      </summary>
      <div class="fields">
        {NUMBER_FIELDS.filter(({ key }) => isUsed(key, method)).map((field) => (
          <NumberInput key={field.key} field={field} />
        ))}
        <p class="field">
          <label for="optimizer">Optimizer</label>
          <select
            id="optimizer"
            value={optimizer}
            onChange={(event) => change(store, { optimizer: event.currentTarget.value as Choices['optimizer'] })}
          >
            <option value="">Preset default</option>
            {OPTIMIZERS.map((name) => (
              <option key={name} value={name}>
                {name.toUpperCase().replace('ADAM', 'Adam')}
              </option>
            ))}
          </select>
        </p>
        <p class="field">
          <label for="fit">{OPTION_LABELS.fit}</label>
          <select
            id="fit"
            value={fit}
            aria-describedby="fit-help"
            onChange={(event) => change(store, { fit: event.currentTarget.value as Choices['fit'] })}
          >
            {FITS.map((name) => (
              <option key={name} value={name}>
                {FIT_NAMES[name]}
              </option>
            ))}
          </select>
          <span class="quiet" id="fit-help">
            Cropped images are scored by their central square
          </span>
        </p>
      </div>
    </details>
  );
}

function NumberInput({ field }: { field: NumberField }) {
  const store = useStore();
  const { key, label, unit, help, min, step } = field;
  const value = store.choices.value.numbers[key];
  const id = `option-${key}`;
  return (
    <p class="field">
      <label for={id}>{unit === '' ? label : `${label} (${unit})`}</label>
      <input
        id={id}
        type="number"
        min={min}
        step={step}
        value={value ?? ''}
        placeholder={String(defaultOf(key, store.choices.value) ?? '')}
        aria-describedby={`${id}-help`}
        onInput={({ currentTarget: { value: typed } }) =>
          change(store, {
            numbers: { ...store.choices.value.numbers, [key]: typed === '' ? undefined : Number(typed) },
          })
        }
      />
      <span class="quiet" id={`${id}-help`}>
        {help}
      </span>
    </p>
  );
}
