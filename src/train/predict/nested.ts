import * as Effect from "effect/Effect";
import type { Raw } from "../../data/raw/raw.ts";
import { several } from "../../errors/words.ts";
import { InvalidArgument } from "../../errors.ts";
import type { TensorType } from "../../ir/expr.ts";
import { allocate, isFloat } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Numbers in lists, in words: of `[6, 7]`, 6 lists of 7 numbers. */
const listsOf = (shape: Shape): string =>
  shape.length === 0
    ? "a number"
    : shape
        .map((n, axis) => several(n, axis === shape.length - 1 ? "number" : "list"))
        .join(" of ");

/** The first list inside nested ones that is not as long as its shape says: `list 6 in it has 6`. */
const unlike = (value: unknown, [extent, ...below]: Shape): string | undefined => {
  if (extent === undefined || !Array.isArray(value) || value.length !== extent) return undefined;
  const [wanted] = below;
  for (const [i, one] of value.entries()) {
    if (wanted === undefined || !Array.isArray(one)) return undefined;
    const inside = one.length === wanted ? unlike(one, below) : `it has ${one.length}`;
    if (inside !== undefined) return `in list ${i + 1}, ${inside}`;
  }
  return undefined;
};

/** The beginning of a value as JSON, which may be long. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
};

/** Numbers in nested lists as a tensor of a column's type; other values as they are. */
export const valueOf = (
  place: string,
  type: TensorType | undefined,
  kind: string | undefined,
  value: unknown,
): Effect.Effect<Tensor | Raw, InvalidArgument> => {
  const wrong = (expected: string, actual: string) =>
    Effect.fail(new InvalidArgument({ op: "predict", argument: place, expected, actual }));
  // The tokens of a text may be given, in a list.
  if (kind === "text" && typeof value !== "string" && !Array.isArray(value))
    return wrong("a text in quotes", shown(value));
  const flat = [value].flat(Number.POSITIVE_INFINITY) as readonly unknown[];
  // Numbers in lists are what the column holds. Anything else is a raw value, which is checked when it is prepared.
  const isRaw = typeof flat[0] !== "number" && kind !== undefined;
  if (type === undefined || isRaw) return Effect.succeed(value as Raw);
  const { shape, dtype } = type;
  const other = flat.find((x) => typeof x !== "number");
  if (other !== undefined || flat.length !== sizeOf(shape)) {
    const uneven = unlike(value, shape);
    const found = `${several(flat.length, "number")}${uneven === undefined ? "" : `: ${uneven}`}`;
    return wrong(
      `${kind === "text" ? "a text in quotes, or " : ""}${listsOf(shape)}`,
      other === undefined
        ? found
        : flat.length === 1
          ? shown(other)
          : `a list with ${shown(other)}`,
    );
  }
  const data = allocate(dtype, flat.length);
  data.set(flat as readonly number[]);
  // A number that is too large would be ∞, and a fraction another whole number.
  const off = data.findIndex((x, i) => (isFloat(dtype) ? !Number.isFinite(x) : x !== flat[i]));
  return off >= 0
    ? wrong(`numbers that ${dtype} has`, String(flat[off]))
    : Effect.succeed(Tensor.own(shape, dtype, data));
};
