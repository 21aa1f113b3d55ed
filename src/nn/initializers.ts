import { full } from "../tensor/constructors.ts";
import type { Key } from "../tensor/key.ts";
import * as draw from "../tensor/key.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { finite, holding, notNegative } from "../tensor/validate.ts";

/** The fan of a weight: how many inputs each unit sums (`in`), and how many units each input reaches (`out`). */
export interface Fan {
  readonly in: number;
  readonly out: number;
}

/** Draws the initial value of a parameter. `fan` defaults to the fan of the shape, {@link fanOf}. */
export type Initializer = <const S extends Shape>(key: Key, shape: S, fan?: Fan) => Tensor<S>;

/**
 * Computes the fan of a weight from its shape: `[in, out]` for a matrix, `[...window, in, out]` for a convolution, where
 * the size of the window multiplies both. For a vector both are its length.
 *
 * @example
 * ```ts
 * import { initializers } from "fluxion";
 * initializers.fanOf([3, 3, 8, 16]) // => { in: 72, out: 144 }
 * ```
 */
export const fanOf = (shape: Shape): Fan => {
  const [first = 1, second = first] = shape.slice(-2);
  const window = sizeOf(shape.slice(0, -2));
  return { in: window * first, out: window * second };
};

/** All zeros. */
export const zeros: Initializer = (_, shape) => full(shape, 0);

/** All ones. */
export const ones: Initializer = (_, shape) => full(shape, 1);

/** The same number everywhere. */
export const constant = (value: number): Initializer => {
  finite("constant", { value });
  return (_, shape) => full(shape, value);
};

/** Uniform over [low, high). */
export const uniform = (low: number, high: number): Initializer => {
  finite("uniform", { low, high });
  holding(`a number from ${low} on`, (n) => n >= low)("uniform", { high });
  return (key, shape) => draw.uniform(key, shape, { low, high });
};

/** Normal with the given standard deviation and mean. */
export const normal = (deviation = 1, mean = 0): Initializer => {
  notNegative("normal", { deviation });
  finite("normal", { mean });
  return (key, shape) => affine(draw.normal(key, shape), deviation, mean);
};

const affine = <S extends Shape>(x: Tensor<S>, scale: number, offset: number): Tensor<S> =>
  Tensor.lazily(x.shape, x.dtype, () => {
    const data = x.toTypedArray();
    for (let i = 0; i < data.length; i++) data[i] = offset + scale * (data[i] as number);
    return data;
  });

/** The standard deviation of a standard normal variable conditioned on lying between -2 and 2. */
const deviationWithinTwo = 0.8796256610342398;

/**
 * Normal, truncated at two standard deviations: numbers farther out are drawn again. `deviation` is the standard
 * deviation after truncation.
 */
export const truncatedNormal = (deviation = 1): Initializer => {
  notNegative("truncatedNormal", { deviation });
  return (key, shape) => {
    const data = new Float32Array(sizeOf(shape));
    const scale = deviation / deviationWithinTwo;
    // Each round redraws the numbers that the last one rejected; one is accepted with probability 0.954.
    let open = Array.from(data.keys());
    for (let round = 0; open.length > 0; round++) {
      const drawn = Tensor.read(draw.normal(draw.foldIn(key, round), [open.length]));
      const accepted = (x: number): boolean => Math.abs(x) <= 2;
      open.forEach((at, i) => {
        data[at] = scale * (drawn[i] as number);
      });
      open = open.filter((_, i) => !accepted(drawn[i] as number));
    }
    return Tensor.own(shape, "f32", data);
  };
};

type Mode = (fan: Fan) => number;
const fanIn: Mode = (fan) => fan.in;
const fanMean: Mode = (fan) => (fan.in + fan.out) / 2;

/** Uniform over ±√(3·gain/fan), whose variance is gain/fan. */
const scaledUniform =
  (gain: number, mode: Mode): Initializer =>
  (key, shape, fan = fanOf(shape)) => {
    const limit = Math.sqrt((3 * gain) / mode(fan));
    return uniform(-limit, limit)(key, shape);
  };

/** Normal with variance gain/fan. */
const scaledNormal =
  (gain: number, mode: Mode): Initializer =>
  (key, shape, fan = fanOf(shape)) =>
    normal(Math.sqrt(gain / mode(fan)))(key, shape);

/**
 * Uniform over ±√(6/(in + out)).
 *
 * **Source** Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
 * networks" (2010), equation 16.
 */
export const glorotUniform: Initializer = scaledUniform(1, fanMean);
/** Normal with variance 2/(in + out). **Source** Glorot and Bengio (2010), equation 12. */
export const glorotNormal: Initializer = scaledNormal(1, fanMean);
/** Uniform over ±√(6/in), which preserves the variance through ReLUs. **Source** He et al., "Delving Deep into Rectifiers" (2015), equation 10. */
export const heUniform: Initializer = scaledUniform(2, fanIn);
/** Normal with variance 2/in. **Source** He et al. (2015), equation 10. */
export const heNormal: Initializer = scaledNormal(2, fanIn);
/** Uniform over ±√(3/in). **Source** LeCun et al., "Efficient BackProp" (1998), equation 16. */
export const lecunUniform: Initializer = scaledUniform(1, fanIn);
/** Normal with variance 1/in. **Source** LeCun et al., "Efficient BackProp" (1998), equation 16. */
export const lecunNormal: Initializer = scaledNormal(1, fanIn);
/** Uniform over ±1/√in, as PyTorch initializes its linear layers. */
export const fanInUniform: Initializer = scaledUniform(1 / 3, fanIn);

/**
 * A matrix with orthonormal rows or columns, whichever are fewer, times `gain`. All axes but the last are flattened.
 *
 * **Math** The Q factor of a random normal matrix, by the Gram–Schmidt process run twice, which is orthogonal up to
 * rounding ("twice is enough"). Signs stay as drawn, so that Q is uniformly distributed.
 *
 * **Source** Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in
 * deep linear neural networks" (2013); Mezzadri, "How to generate random matrices" (2007).
 */
export const orthogonal = (gain = 1): Initializer => {
  finite("orthogonal", { gain });
  return (key, shape) => {
    const columns = shape.at(-1) ?? 1;
    const rows = columns === 0 ? 0 : sizeOf(shape) / columns;
    const wide = columns > rows;
    const [count, length] = wide ? [rows, columns] : [columns, rows];
    const drawn = Tensor.read(draw.normal(key, [count, length], { dtype: "f64" }));
    const basis: Float64Array[] = [];
    for (let i = 0; i < count; i++) {
      const v = Float64Array.from(drawn.subarray(i * length, (i + 1) * length));
      for (let pass = 0; pass < 2; pass++)
        for (const b of basis) {
          const along = inner(v, b);
          for (let k = 0; k < length; k++) v[k] = (v[k] as number) - along * (b[k] as number);
        }
      const norm = Math.sqrt(inner(v, v));
      basis.push(v.map((x) => x / norm));
    }
    const data = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        data[r * columns + c] = gain * ((wide ? basis[r]?.[c] : basis[c]?.[r]) ?? 0);
    return Tensor.own(shape, "f32", data);
  };
};

const inner = (a: Float64Array, b: Float64Array): number =>
  a.reduce((total, x, i) => total + x * (b[i] as number), 0);
