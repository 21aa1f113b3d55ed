import { type Dtype, isFloat, type Storage, store } from "./dtype.ts";
import { greatestOf, leastOf } from "./extremes.ts";
import { type Shape, sizeOf, stridesOf } from "./shape.ts";

/** Formats one element; the widths of all shown elements are already known. */
type Format = (value: number) => string;

const lineWidth = 75;
const threshold = 1000;
const edge = 3;
const fractionDigits = 8;

/**
 * Formats a tensor as NumPy's `str` does. Columns are aligned; each element has the fewest digits (at most 8 after
 * the point) that identify it in its dtype; beyond 1000 elements only the first and last three of each axis are
 * shown.
 *
 * The dtype shows in the format: floats have a decimal point, integers have none, and booleans are words.
 *
 * **Source** Digits: Steele and White, "How to print floating-point numbers accurately" (1990).
 */
export const print = (shape: Shape, dtype: Dtype, data: Storage): string => {
  if (shape.length === 0) return printScalar(dtype, data[0] as number);
  if (data.length === 0) return "[]";
  const summarized = sizeOf(shape) > threshold;
  const shown = summarized ? leadingAndTrailing(shape, data) : data;
  return layOut(shape, data, formatOf(dtype, shown), summarized);
};

/** From which magnitude on NumPy writes a scalar in powers of ten; bf16, which it lacks, is written as f32. */
const positionalBelow = { f64: 1e16, f32: 1e6, f16: 1e16, bf16: 1e6 } as const;

const printScalar = (dtype: Dtype, value: number): string => {
  if (dtype === "bool") return value !== 0 ? "True" : "False";
  if (!isFloat(dtype)) return String(value);
  if (!Number.isFinite(value)) return nonFinite(value);
  const magnitude = Math.abs(value);
  const text =
    magnitude !== 0 && (magnitude < 1e-4 || magnitude >= positionalBelow[dtype])
      ? scientific(shortest(value, dtype), undefined).replace(/\.(?=e)/, "")
      : positional(shortest(value, dtype));
  return text.endsWith(".") ? `${text}0` : text;
};

const nonFinite = (value: number): string =>
  Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";

/** The shortest decimal that reads back as the same number of that dtype, in `d.ddde±x` form. */
const shortest = (value: number, dtype: Dtype): string => {
  if (dtype === "f64") return exponential(value);
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (store(dtype, Number(text)) === value) return signedZero(value, text);
  }
  return exponential(value);
};

const exponential = (value: number): string => signedZero(value, value.toExponential());
const signedZero = (value: number, text: string): string =>
  Object.is(value, -0) ? `-${text}` : text;

const parts = (text: string): { sign: string; digits: string; exponent: number } => {
  const sign = text.startsWith("-") ? "-" : "";
  const [mantissa = "", exponent = "0"] = text.slice(sign.length).split("e");
  return { sign, digits: mantissa.replace(".", ""), exponent: Number(exponent) };
};

/** Positional notation, such as `12.5`: always with a point, never with trailing zeros. */
const positional = (text: string): string => {
  const { sign, digits, exponent } = parts(text);
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`.replace(/0+$/, "");
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1).replace(/0+$/, "")}`;
};

/** Scientific notation, such as `1.25e-05`; `fraction` is the number of digits after the point. */
const scientific = (text: string, fraction: number | undefined, exponentDigits = 2): string => {
  const { sign, digits, exponent } = parts(text);
  const head = digits.slice(1).replace(/0+$/, "");
  const power = String(Math.abs(exponent)).padStart(exponentDigits, "0");
  const tail = fraction === undefined ? head : head.padEnd(fraction, "0");
  return `${sign}${digits[0]}.${tail}e${exponent < 0 ? "-" : "+"}${power}`;
};

const formatOf = (dtype: Dtype, shown: ArrayLike<number>): Format => {
  const values = Array.from(shown);
  if (isFloat(dtype)) return floatFormat(dtype, values);
  const text = (v: number): string => (dtype === "bool" ? (v !== 0 ? "True" : "False") : String(v));
  const width = greatestOf(values.map((v) => text(v).length));
  return (v) => text(v).padStart(width);
};

const floatFormat = (dtype: Dtype, values: readonly number[]): Format => {
  const finite = values.filter(Number.isFinite);
  const magnitudes = finite.filter((v) => v !== 0).map(Math.abs);
  const greatest = Math.max(0, greatestOf(magnitudes));
  const least = leastOf(magnitudes);
  const inPowers =
    magnitudes.length > 0 && (greatest >= 1e8 || least < 1e-4 || greatest / least > 1000);
  const format = inPowers ? powersFormat(dtype, finite) : pointFormat(dtype, finite);
  const wide = Math.max(
    format.width,
    greatestOf(values.filter((v) => !Number.isFinite(v)).map((v) => nonFinite(v).length)),
  );
  return (v) => (Number.isFinite(v) ? format.write(v) : nonFinite(v)).padStart(wide);
};

interface Columns {
  readonly width: number;
  readonly write: Format;
}

const pointFormat = (dtype: Dtype, finite: readonly number[]): Columns => {
  const text = (v: number): string => {
    const exact = positional(shortest(v, dtype));
    const fraction = exact.length - exact.indexOf(".") - 1;
    if (fraction <= fractionDigits) return exact;
    const rounded = v.toFixed(fractionDigits).replace(/0+$/, "");
    return v < 0 && !rounded.startsWith("-") ? `-${rounded}` : rounded;
  };
  const texts = finite.map(text);
  const left = Math.max(0, greatestOf(texts.map((t) => t.indexOf("."))));
  const right = Math.max(0, greatestOf(texts.map((t) => t.length - t.indexOf(".") - 1)));
  return {
    width: finite.length === 0 ? 0 : left + 1 + right,
    write: (v) => {
      const t = text(v);
      return t.padStart(left + t.length - t.indexOf(".")).padEnd(left + 1 + right);
    },
  };
};

const powersFormat = (dtype: Dtype, finite: readonly number[]): Columns => {
  const digits = (v: number): string => {
    const exact = shortest(v, dtype);
    return parts(exact).digits.length - 1 <= fractionDigits
      ? exact
      : signedZero(v, v.toExponential(fractionDigits));
  };
  const texts = finite.map(digits);
  const fraction = Math.max(
    0,
    greatestOf(
      texts.map((t) => scientific(t, undefined).split("e")[0]?.split(".")[1]?.length ?? 0),
    ),
  );
  const power = Math.max(
    2,
    greatestOf(texts.map((t) => String(Math.abs(parts(t).exponent)).length)),
  );
  // All elements have as many digits as the longest; digits beyond the shortest form are those of the exact value.
  const write = (v: number): string =>
    scientific(signedZero(v, v.toExponential(fraction)), fraction, power);
  const width = greatestOf(finite.map((v) => write(v).length));
  return { width, write: (v) => write(v).padStart(width) };
};

/** The elements that are shown when a large tensor is abbreviated. */
const leadingAndTrailing = (shape: Shape, data: Storage): readonly number[] => {
  const strides = stridesOf(shape);
  const walk = (axis: number, offset: number): readonly number[] => {
    if (axis === shape.length) return [data[offset] as number];
    const extent = shape[axis] as number;
    return shownIndices(extent, true).flatMap((i) =>
      i === undefined ? [] : walk(axis + 1, offset + i * (strides[axis] as number)),
    );
  };
  return walk(0, 0);
};

/** The shown indices of an axis; `undefined` stands for the ellipsis. */
const shownIndices = (extent: number, summarized: boolean): readonly (number | undefined)[] =>
  summarized && extent > 2 * edge
    ? [0, 1, 2, undefined, extent - 3, extent - 2, extent - 1]
    : Array.from({ length: extent }, (_, i) => i);

const layOut = (shape: Shape, data: Storage, format: Format, summarized: boolean): string => {
  const strides = stridesOf(shape);
  const write = (axis: number, offset: number): string => {
    const indices = shownIndices(shape[axis] as number, summarized);
    const indent = " ".repeat(axis + 1);
    const at = (i: number): number => offset + i * (strides[axis] as number);
    if (axis === shape.length - 1)
      return `[${wrap(
        indices.map((i) => (i === undefined ? "..." : format(data[at(i)] as number))),
        lineWidth - axis - 1,
        indent,
      )}]`;
    const rows = indices.map((i) => (i === undefined ? "..." : write(axis + 1, at(i))));
    return `[${rows.join("\n".repeat(shape.length - axis - 1) + indent)}]`;
  };
  return write(0, 0);
};

/** Joins words by spaces and breaks lines at `width`. */
const wrap = (words: readonly string[], width: number, indent: string): string => {
  const lines: string[] = [];
  let line = indent;
  for (const word of words) {
    if (line.length + word.length > width && line.length > indent.length) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.slice(0, -1)].join("\n").slice(indent.length);
};
