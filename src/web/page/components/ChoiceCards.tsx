/** One of a few, each with a line of explanation: radio buttons that look like cards. */

interface ChoiceCardsProps<Value extends string> {
  legend: string;
  name: string;
  value: Value;
  choices: readonly { value: Value; title: string; text: string; isDisabled?: boolean }[];
  onChange(value: Value): void;
}

export function ChoiceCards<Value extends string>(props: ChoiceCardsProps<Value>) {
  const { legend, name, value: chosen, choices, onChange } = props;
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      <div>
        {choices.map(({ value, title, text, isDisabled }) => (
          <label key={value} class={isDisabled ? 'disabled' : undefined}>
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === chosen}
              disabled={isDisabled}
              onChange={() => onChange(value)}
            />
            <span>
              <strong>{title}</strong>
              <small>{text}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
