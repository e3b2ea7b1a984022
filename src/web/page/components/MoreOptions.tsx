/** The options that few need; an empty field stands for the preset's value, which it shows. */
import { keyOf, type OptionSpec, type OptionValue } from '../../../base/options.ts';
import { change } from '../actions/choose.ts';
import { defaultOf, fieldsOf } from '../logic/choices.ts';
import { useStore } from '../state.ts';

export function MoreOptions() {
  const store = useStore();
  const { method, options } = store.choices.value;
  const changed = Object.values(options).filter((value) => value !== undefined).length;
  return (
    <details class="more">
      <summary>
        More options
        {changed > 0 && <span class="badge">{changed} changed</span>}
      </summary>
      <div class="fields">
        {fieldsOf(method).map((option) => (
          <Field key={option.name} option={option} />
        ))}
      </div>
    </details>
  );
}

function Field({ option }: { option: OptionSpec }) {
  const store = useStore();
  const { label, unit, help } = option.field!;
  const key = keyOf(option);
  const id = `option-${key}`;
  const field = {
    id,
    'aria-describedby': help === undefined ? undefined : `${id}-help`,
    value: store.choices.value.options[key],
    set: (value: OptionValue | undefined) =>
      change(store, { options: { ...store.choices.value.options, [key]: value } }),
  };
  return (
    <p class="field">
      <label for={id}>{unit === undefined ? label : `${label} (${unit})`}</label>
      {option.type === 'choice' && <Choice {...field} option={option} />}
      {(option.type === 'integer' || option.type === 'number') && <NumberInput {...field} option={option} />}
      {help !== undefined && (
        <span class="quiet" id={`${id}-help`}>
          {help}
        </span>
      )}
    </p>
  );
}

interface InputProps<Type extends OptionSpec['type']> {
  id: string;
  'aria-describedby': string | undefined;
  value: OptionValue | undefined;
  set(value: OptionValue | undefined): void;
  option: Extract<OptionSpec, { type: Type }>;
}

function Choice({ option, value, set, ...rest }: InputProps<'choice'>) {
  const fallback = typeof option.value === 'string' ? option.value : '';
  return (
    <select
      {...rest}
      value={String(value ?? fallback)}
      onChange={({ currentTarget: { value: chosen } }) => set(chosen === fallback ? undefined : chosen)}
    >
      {fallback === '' && <option value="">Preset default</option>}
      {option.choices.map((name) => (
        <option key={name} value={name}>
          {option.field!.words?.[name] ?? name}
        </option>
      ))}
    </select>
  );
}

function NumberInput({ option, value, set, ...rest }: InputProps<'integer' | 'number'>) {
  const store = useStore();
  return (
    <input
      {...rest}
      type="number"
      min={option.min ?? option.above}
      max={option.max}
      step={option.type === 'integer' ? 1 : 'any'}
      value={value === undefined ? '' : String(value)}
      placeholder={String(defaultOf(keyOf(option), store.choices.value) ?? '')}
      onInput={({ currentTarget: { value: typed } }) => set(typed === '' ? undefined : Number(typed))}
    />
  );
}
