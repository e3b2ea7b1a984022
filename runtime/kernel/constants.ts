/** Constant expressions of shader source: integers, names declared by `const`, + - * / % and parentheses. */
import { internal } from '../errors.ts';

/** The value of an expression. @param text the source that declares its names @throws if it is not constant */
export function constantValue(text: string, expression: string): number {
  const tokens = expression.match(/\w+|[-+*/%()]/g) ?? [];
  let at = 0;
  const operand = (): number => {
    const token = tokens[at++];
    if (token === '(') {
      const value = sum();
      at++; // the closing parenthesis
      return value;
    }
    return namedValue(text, token, expression);
  };
  const product = (): number => {
    let value = operand();
    while (tokens[at] === '*' || tokens[at] === '/' || tokens[at] === '%') {
      const operator = tokens[at++];
      const right = operand();
      value = operator === '*' ? value * right : operator === '/' ? Math.floor(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-') value += tokens[at++] === '+' ? product() : -product();
    return value;
  };
  return sum();
}

function namedValue(text: string, token: string | undefined, expression: string): number {
  if (token && /^\d+u?$/.test(token)) return Number.parseInt(token, 10);
  const declared = token && new RegExp(`const ${token}\\s*:\\s*\\w+\\s*=\\s*([^;]+);`).exec(text);
  if (!declared) throw internal(`"${token}" in "${expression}" is not a constant of the shader.`);
  return constantValue(text, declared[1]);
}
