import { nearest } from "../errors/nearest.ts";
import { InvalidArgument } from "../errors.ts";
import type { GradientTransformation } from "./transformation.ts";

/** The default of each option; `undefined` for those that have none. */
export type Defaults<O> = { readonly [K in keyof Required<O>]: O[K] | undefined };

/** Makes the function of an optimizer one whose results say their options, and how they are made with others. */
export const described = <O extends object>(
  of: string,
  defaults: Defaults<O>,
  make: (options: O) => GradientTransformation,
) => {
  const made = (options?: O): GradientTransformation => {
    // Where nothing is required, nothing need be given.
    const given = options ?? ({} as O);
    const optimizer = make(given);
    const again = (values: object) => made({ ...given, ...values });
    return {
      ...optimizer,
      ...(optimizer.atLearningRate && {
        atLearningRate: (learningRate) => again({ learningRate }),
      }),
      options: [{ of, values: { ...defaults, ...given }, with: again }],
    };
  };
  return made;
};

/** {@link described} for a function of one argument. */
export const describedBy = (
  of: string,
  argument: string,
  make: (value: number) => GradientTransformation,
) => {
  const made = (value: number): GradientTransformation => ({
    ...make(value),
    options: [
      {
        of,
        values: { [argument]: value },
        with: (values) => made((values[argument] ?? value) as number), // `make` looks whether it is one
      },
    ],
  });
  return made;
};

/** Values of options by their names, or by the names of parts and then of options. */
export interface OptionValues {
  readonly [name: string]: unknown;
}

const isRecord = (value: unknown): value is OptionValues =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The names by which options are set: that of the option alone, where it is in one part only. */
export const optionNames = ({ options = [] }: GradientTransformation): readonly string[] =>
  options.flatMap(({ of, values }) =>
    Object.keys(values).map((option) =>
      options.filter((other) => Object.hasOwn(other.values, option)).length === 1
        ? option
        : `${of}.${option}`,
    ),
  );

/** Options that are data, by the names of {@link optionNames}: schedules and functions are left out. */
export const optionData = (optimizer: GradientTransformation): OptionValues => {
  const data: { [name: string]: unknown } = {};
  for (const { of, values } of optimizer.options ?? [])
    for (const [option, value] of Object.entries(values)) {
      if (!["number", "boolean", "string"].includes(typeof value)) continue;
      if (optionNames(optimizer).includes(option)) data[option] = value;
      else data[of] = { ...(data[of] as OptionValues | undefined), [option]: value };
    }
  return data;
};

/** What a value of an option has to be, where it is of another kind than the one that it replaces. */
const kindOf = (value: unknown): string =>
  typeof value === "boolean" ? "true or false" : typeof value === "string" ? "a text" : "a number";

/**
 * An optimizer with other values of its options, by the names of {@link optionNames}.
 *
 * **Fails with** `InvalidArgument`, thrown, where there is no such option, or a value is out of its range.
 */
export const withOptions = (
  optimizer: GradientTransformation,
  given: OptionValues,
): GradientTransformation =>
  Object.entries(given).reduce((of, [name, value]) => {
    const { options = [] } = of;
    const part = options.find((one) => one.of === name && !Object.hasOwn(one.values, name));
    const [holder, values] =
      part !== undefined && isRecord(value)
        ? [part, value]
        : [options.find((one) => Object.hasOwn(one.values, name)), { [name]: value }];
    const wrong = (argument: string, expected: string, actual: unknown) =>
      new InvalidArgument({
        ...{ op: of.name, argument, expected },
        actual: JSON.stringify(actual) ?? String(actual),
      });
    const oneOf = (known: readonly string[], given: string): string => {
      const near = nearest(given, known);
      const all = `of ${of.name}: ${known.join(", ")}`;
      if (known.length === 0) return `none, since ${of.name} says of no option that it has one`;
      return near === undefined ? `one of the options ${all}` : `${near}, or another option ${all}`;
    };
    if (holder === undefined) throw wrong(name, oneOf(optionNames(of), name), value);
    for (const [option, own] of Object.entries(values)) {
      if (!Object.hasOwn(holder.values, option))
        throw wrong(`${name}.${option}`, oneOf(Object.keys(holder.values), option), own);
      // A number may be in place of a schedule.
      const before = kindOf(holder.values[option]);
      if (typeof own === "object" || kindOf(own) !== before) throw wrong(option, before, own);
    }
    return holder.with(values);
  }, optimizer);
