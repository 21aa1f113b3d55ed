import { sameShape, showShape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** The difference between two lists of tensors, in words; `undefined` if there is none. */
type Difference = string | undefined;

const first = (reasons: readonly Difference[]): Difference => reasons.find((r) => r !== undefined);

const indexOf = (position: number, { shape }: Tensor): string => {
  const index: number[] = [];
  let rest = position;
  for (const extent of [...shape].reverse()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return showShape(index);
};

const show = (x: number | undefined): string => (Object.is(x, -0) ? "-0" : String(x));

/** Compares element by element; `agree` compares two elements of output `n` at position `i`. */
const elementwise =
  (agree: (a: number, b: number, n: number, i: number) => boolean) =>
  (what: string, xs: readonly Tensor[], ys: readonly Tensor[]): Difference => {
    if (xs.length !== ys.length) return `${what}: ${xs.length} tensors, not ${ys.length}`;
    return first(
      xs.map((x, n) => {
        const y = ys[n] as Tensor;
        if (x.dtype !== y.dtype || !sameShape(x.shape, y.shape))
          return `${what} ${n}: ${x.dtype}${showShape(x.shape)}, not ${y.dtype}${showShape(y.shape)}`;
        const [a, b] = [x.toTypedArray(), y.toTypedArray()];
        const at = a.findIndex((value, i) => !agree(value, b[i] as number, n, i));
        return at < 0
          ? undefined
          : `${what} ${n} at ${indexOf(at, x)} is ${show(a[at])}, not ${show(b[at])}`;
      }),
    );
  };

/** Compares bit for bit; all NaN are equal. */
export const sameBits = elementwise(Object.is);

/** Compares values, ignoring the sign of zeros, which an addition of zeros may lose. */
export const sameValues = elementwise((a, b) => a === b || (Number.isNaN(a) && Number.isNaN(b)));

/** `|a - b| ≤ tolerance · max(1, |a|, |b|)`. */
export const nearby = (tolerance: number) =>
  elementwise(
    (a, b) =>
      Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b)),
  );

/** Compares elements within a bound for each: `|a - b| ≤ bound`. NaN agrees with NaN. */
export const bounded = (bounds: readonly (readonly number[])[]) =>
  elementwise(
    (a, b, n, i) =>
      a === b || Math.abs(a - b) <= (bounds[n]?.[i] ?? 0) || (Number.isNaN(a) && Number.isNaN(b)),
  );

/** `Σ x·y` over all elements of all tensors, and `Σ |x·y|`, to which the sum's rounding error is proportional. */
export const inner = (
  xs: readonly Tensor[],
  ys: readonly Tensor[],
): { readonly value: number; readonly magnitude: number } => {
  let [value, magnitude] = [0, 0];
  xs.forEach((x, n) => {
    const [a, b] = [x.toTypedArray(), (ys[n] as Tensor).toTypedArray()];
    a.forEach((u, i) => {
      value += u * (b[i] as number);
      magnitude += Math.abs(u * (b[i] as number));
    });
  });
  return { value, magnitude };
};

/** `Σ cᵢ·xᵢ` for lists of tensors xᵢ of the same types. */
export const combine = (
  coefficients: readonly number[],
  lists: readonly (readonly Tensor[])[],
  make: (like: Tensor, elements: readonly number[]) => Tensor,
): readonly Tensor[] =>
  (lists[0] as readonly Tensor[]).map((like, n) => {
    const data = lists.map((xs) => (xs[n] as Tensor).toTypedArray());
    const elements = Array.from({ length: like.size }, (_, i) =>
      coefficients.reduce((total, c, k) => total + c * (data[k]?.[i] as number), 0),
    );
    return make(like, elements);
  });
