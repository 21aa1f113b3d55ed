import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";

const special: { readonly [name: string]: number } = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

/**
 * A codec of numbers. JSON has no NaN, infinities or -0, so those are encoded as strings.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`, by `Object.is`.
 */
export const jsonNumber: t.Type<number, number | string> = new t.Type(
  "a number",
  t.number.is,
  (input, context) => {
    if (typeof input === "number") return t.success(input);
    const named =
      typeof input === "string" && Object.hasOwn(special, input) ? special[input] : undefined;
    return named === undefined ? t.failure(input, context) : t.success(named);
  },
  (value) => (Number.isFinite(value) && !Object.is(value, -0) ? value : nameOf(value)),
);

type NumbersByName = { readonly [name: string]: number };
type JsonByName = { readonly [name: string]: number | string };

/** A loop, since `traverse` copies the record once per name. */
const numbersIn =
  (context: t.Context) =>
  (record: { readonly [name: string]: unknown }): t.Validation<NumbersByName> => {
    const numbers: (readonly [string, number])[] = [];
    const errors: t.ValidationError[] = [];
    for (const [name, value] of Object.entries(record)) {
      const number = jsonNumber.validate(value, t.appendContext(context, name, jsonNumber, value));
      if (E.isRight(number)) numbers.push([name, number.right]);
      else for (const error of number.left) errors.push(error);
    }
    return errors.length > 0 ? t.failures(errors) : t.success(Object.fromEntries(numbers));
  };

/**
 * Numbers by name. A name may be `__proto__`, which io-ts's own record loses.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const numbersByName: t.Type<NumbersByName, JsonByName> = new t.Type(
  "numbers by name",
  (value): value is NumbersByName =>
    t.UnknownRecord.is(value) && Object.values(value).every(t.number.is),
  (input, context) => E.chain(numbersIn(context))(t.UnknownRecord.validate(input, context)),
  (numbers) =>
    Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, jsonNumber.encode(n)])),
);

const nameOf = (value: number): string => (value === 0 ? "-0" : String(value));

/** A whole number that is not negative, such as an extent, a step or an epoch. */
export const natural: t.Type<number> = new t.Type(
  "a whole number that is not negative",
  (value): value is number => isNatural(value),
  (input, context) => (isNatural(input) ? t.success(input) : t.failure(input, context)),
  t.identity,
);

const isNatural = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
