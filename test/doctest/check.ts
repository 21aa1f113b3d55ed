import { inspect } from "node:util";

/** Formats a value as an example writes it: tensors and programs by their own `toString`, other values as code. */
export const written = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value !== "object" || value === null) return inspect(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    return `{ ${Object.entries(value)
      .map(([name, field]) => `${name}: ${written(field)}`)
      .join(", ")} }`;
  const own = value.toString !== Object.prototype.toString && !ArrayBuffer.isView(value);
  return own && !(value instanceof Map || value instanceof Set) ? value.toString() : inspect(value);
};

const canonical = (text: string): string =>
  text
    .trim()
    .replace(/'/g, '"')
    .replace(/\s+/g, " ")
    .replace(/ ?([[\](){},:]) ?/g, "$1");

const number = /-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/gi;

/** Half a unit of the last printed digit; for an integer, the rounding error of f32. */
const toleranceOf = (printed: string): number => {
  const [mantissa, exponent] = printed.toLowerCase().split("e") as [string, string?];
  const decimals = mantissa.split(".")[1]?.length ?? 0;
  return decimals === 0 && exponent === undefined
    ? 1e-6 * Math.max(1, Math.abs(Number(printed)))
    : 0.500001 * 10 ** (Number(exponent ?? 0) - decimals);
};

/** Whether two texts agree, ignoring spacing, quotes, and digits beyond the printed ones. */
export const agrees = (actual: string, expected: string): boolean => {
  const [a, e] = [canonical(actual), canonical(expected)];
  if (a === e) return true;
  const [as, es] = [a.match(number) ?? [], e.match(number) ?? []];
  return (
    a.replace(number, "#") === e.replace(number, "#") &&
    as.length === es.length &&
    es.every((x, i) => Math.abs(Number(as[i]) - Number(x)) <= toleranceOf(x))
  );
};

/** Throws an error with the place, unless a value is what its example says. */
export const check = (value: unknown, expected: string, where: string): void => {
  const text = written(value);
  if (agrees(text, expected) || (typeof value === "string" && agrees(value, expected))) return;
  throw new Error(`${where}: the example says\n  ${expected}\nand the value is\n  ${text}`);
};
