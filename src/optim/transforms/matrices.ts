import { cond } from "../../autodiff/control.ts";
import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { cast, where } from "../../ir/ops/control.ts";
import {
  add,
  div,
  eq,
  maximum,
  mul,
  pow,
  rem,
  sqrt,
  square,
  sub,
} from "../../ir/ops/elementwise.ts";
import { mean } from "../../ir/ops/reduction.ts";
import { expandDims, moveAxis, reshape } from "../../ir/ops/structural.ts";
import { flattenExprs, flattenTensors } from "../../ir/trees.ts";
import { eigh } from "../../linalg/eigh.ts";
import { lengthOf } from "../../linalg/scale.ts";
import { times, timesTranspose } from "../../linalg/stacks.ts";
import { fromTypedArray, zeros } from "../../tensor/constructors.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding, notNegative, whole } from "../../tensor/validate.ts";
import { map, unflatten, zip } from "../../tree.ts";
import { counted, noSteps, oneMore } from "../learningRate.ts";
import { type GradientTransformation, stateless, transformation } from "../transformation.ts";

/** The options of {@link orthogonalize}. */
export interface OrthogonalizeOptions {
  /** The number of iterations. Defaults to 5. */
  readonly steps?: number;
  /** Added to the norm, against a division by zero. Defaults to 1e-7. */
  readonly epsilon?: number;
}

/** The polynomial `ax + bx³ + cx⁵` that brings singular values close to 1 in few iterations. */
const [a, b, c] = [3.4445, -4.775, 2.0315] as const;

/**
 * Replaces matrices by nearly orthogonal ones of the same singular vectors, so that all directions move alike. Tensors of
 * more axes are matrices from all axes but the last to the last; others pass unchanged.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `X = U/(‖U‖ + ε)`, then `X ← aX + (bA + cA²)X` with `A = XXᵀ`, five times; updates `√max(1, out/in) · X`.
 * **Source** Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024).
 */
export const orthogonalize = (options: OrthogonalizeOptions = {}): GradientTransformation => {
  const { steps = 5, epsilon = 1e-7 } = options;
  whole(0)("orthogonalize", { steps });
  notNegative("orthogonalize", { epsilon });
  const iterate = (x: Expr): Expr => {
    const square = timesTranspose(x, x);
    const rest = add(mul(square, b), mul(times(square, square), c));
    return add(mul(x, a), times(rest, x));
  };
  const orthogonal = (u: Expr): Expr => {
    const columns = u.shape.at(-1) ?? 1;
    const size = sizeOf(u.shape);
    if (u.shape.length < 2 || size === 0) return u;
    const rows = size / columns;
    const matrix = reshape(u, [rows, columns]);
    const scale = add(lengthOf(cast(matrix, "f64")), epsilon);
    const scaled = div(matrix, cast(where(eq(scale, 0), 1, scale), u.dtype));
    // The smaller side is squared.
    const wide = rows > columns ? moveAxis(scaled, 0, 1) : scaled;
    const made = Array.from({ length: steps }).reduce<Expr>(iterate, wide);
    const back = rows > columns ? moveAxis(made, 0, 1) : made;
    return reshape(mul(back, Math.sqrt(Math.max(1, columns / rows))), u.shape);
  };
  return stateless("orthogonalize", (u) => map(orthogonal, u));
};

/** The options of {@link scaleByShampoo}. */
export interface ShampooScaling {
  /** What the statistics start with, times the identity. Defaults to 1e-4. */
  readonly epsilon?: number;
  /** The number of steps from one computation of the roots to the next. Defaults to 1. */
  readonly every?: number;
  /** The longest axis that has statistics; longer ones are left alone. Defaults to 1024. */
  readonly maxSize?: number;
}

/** The axes of a tensor that have statistics; a scalar counts as a vector of one. */
const axesWithin = (shape: readonly number[], maxSize: number): readonly number[] =>
  shape.map((_, axis) => axis).filter((axis) => (shape[axis] ?? 0) <= maxSize);

/** A number times the identity. */
const diagonal = (n: number, value: number, dtype: Dtype): Tensor => {
  const data = dtype === "f64" ? new Float64Array(n * n) : new Float32Array(n * n);
  for (let i = 0; i < n; i++) data[i * (n + 1)] = value;
  return fromTypedArray([n, n], data);
};

const asVector = (x: Expr): Expr => (x.shape.length === 0 ? reshape(x, [1]) : x);

/**
 * Multiplies gradients along every axis by an inverse root of the sum of their products along it: full-matrix Adagrad,
 * axis by axis. Roots cost the cube of an axis.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** of a matrix `L ← L + GGᵀ`, `R ← R + GᵀG`, updates `L^(-1/4) G R^(-1/4)`, with `L = R = εI` at first; of a
 * tensor with `k` axes, roots of order `2k`.
 * **Source** Gupta, Koren and Singer (2018), arXiv:1802.09568, algorithms 1 and 2.
 */
export const scaleByShampoo = (options: ShampooScaling = {}): GradientTransformation => {
  const { epsilon = 1e-4, every = 1, maxSize = 1024 } = options;
  holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n))("scaleByShampoo", {
    epsilon,
  });
  whole(1)("scaleByShampoo", { every, maxSize });
  const orderOf = (shape: readonly number[]): number => 2 * Math.max(1, shape.length);
  /** For every leaf, and every axis of it with statistics, the identity times a number. */
  const identities = (params: unknown, value: (order: number) => number): readonly Tensor[][] =>
    flattenTensors(params).leaves.map(({ shape, dtype }) => {
      const sides = shape.length === 0 ? [1] : shape;
      const n = (axis: number): number => sides[axis] ?? 1;
      return axesWithin(sides, maxSize).map((axis) =>
        diagonal(n(axis), value(orderOf(shape)), dtype),
      );
    });
  const rootOf = (h: Expr, order: number): Expr => {
    const { values, vectors } = eigh(h);
    const scaled = mul(vectors, pow(maximum(values, epsilon), -1 / order));
    return timesTranspose(scaled, vectors);
  };
  return transformation<Preconditioned>({
    name: "scaleByShampoo",
    init: (params) => ({
      step: noSteps(),
      statistics: identities(params, () => epsilon),
      roots: identities(params, (order) => epsilon ** (-1 / order)),
    }),
    update: (gradients, state, _params) => {
      const { leaves, shape } = flattenExprs(gradients);
      // The state is lists of matrices, as `init` made them.
      const [before, oldRoots] = [state.statistics, state.roots] as const;
      const statistics = leaves.map((g, i) => {
        const x = asVector(g);
        return axesWithin(x.shape, maxSize).map((axis, k) => {
          const others = x.shape.map((_, other) => other).filter((other) => other !== axis);
          return add(nth(nth(before, i), k), dot(x, x, [others, others]));
        });
      });
      const due = eq(rem(state.step, every), 0);
      const roots = cond(
        due,
        (all: readonly (readonly Expr[])[]) =>
          all.map((one, i) => one.map((h) => rootOf(h, orderOf(nth(leaves, i).shape)))),
        () => oldRoots,
        statistics,
      );
      const updates = leaves.map((g, i) => {
        const x = asVector(g);
        const made = axesWithin(x.shape, maxSize).reduce<Expr>((y, axis, k) => {
          // The product puts the axis first.
          const turned = dot(nth(nth(roots, i), k), y, [[1], [axis]]);
          return moveAxis(turned, 0, axis);
        }, x);
        return reshape(made, g.shape);
      });
      return {
        updates: unflatten(shape, updates),
        state: { step: oneMore(state.step), statistics, roots },
      };
    },
  });
};

type Preconditioned = {
  readonly step: Tensor<readonly []>;
  readonly statistics: readonly (readonly Tensor[])[];
  readonly roots: readonly (readonly Tensor[])[];
};

/** The options of {@link scaleByFactoredRms}. */
export interface FactoredOptions {
  /** The power by which the decay of the mean square approaches 1. Defaults to 0.8. */
  readonly decayRate?: number;
  /** Added to squares. Defaults to 1e-30. */
  readonly epsilon?: number;
}

/**
 * Divides gradients by the root of a mean square that is kept by rows and columns alone: the memory of an `[n, m]` weight
 * is `n + m`. Of more than two axes the last two are factored, and vectors keep all.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `β = 1 - t^-0.8`, `R ← βR + (1-β) mean(g² + ε, columns)`, `C ← βC + (1-β) mean(g² + ε, rows)`,
 * updates `g / √(R C / mean(R))`.
 * **Source** Shazeer and Stern (2018), arXiv:1804.04235, algorithms 4 and 5.
 */
export const scaleByFactoredRms = (options: FactoredOptions = {}): GradientTransformation => {
  const { decayRate = 0.8, epsilon = 1e-30 } = options;
  holding("a number above 0 up to 1", (n) => n > 0 && n <= 1)("scaleByFactoredRms", { decayRate });
  notNegative("scaleByFactoredRms", { epsilon });
  const factored = (x: { readonly shape: readonly number[] }): boolean => x.shape.length >= 2;
  return transformation({
    name: "scaleByFactoredRms",
    init: (params) => ({
      step: noSteps(),
      rows: map((p) => zeros(factored(p) ? p.shape.slice(0, -1) : p.shape, p.dtype), params),
      columns: map((p) => zeros(factored(p) ? columnsOf(p.shape) : [], p.dtype), params),
    }),
    update: (g, state) => {
      const step = oneMore(state.step);
      const kept = sub(1, pow(counted(step), -decayRate));
      const averaged = (old: Expr, now: Expr): Expr => {
        const beta = cast(kept, old.dtype);
        return add(mul(old, beta), mul(now, sub(1, beta)));
      };
      const squares = map((d) => add(square(d), epsilon), g);
      const rows = zip((r, s) => averaged(r, factored(s) ? mean(s, -1) : s), state.rows, squares);
      const columns = zip(
        (c, s) => (factored(s) ? averaged(c, mean(s, -2)) : c),
        state.columns,
        squares,
      );
      const over = (d: Expr, r: Expr, c: Expr): Expr => {
        if (!factored(d)) return div(d, positiveRoot(r));
        const row = div(r, where(eq(meanOfRows(r), 0), 1, meanOfRows(r)));
        return div(div(d, expandDims(positiveRoot(row), -1)), expandDims(positiveRoot(c), -2));
      };
      return { updates: zip(over, g, rows, columns), state: { step, rows, columns } };
    },
  });
};

/** A root, or 1 where it is 0: there the gradient is 0 too. */
const positiveRoot = (x: Expr): Expr => sqrt(where(eq(x, 0), 1, x));

const meanOfRows = (r: Expr): Expr => expandDims(mean(r, -1), -1);

const columnsOf = (shape: readonly number[]): readonly number[] => [
  ...shape.slice(0, -2),
  shape.at(-1) ?? 1,
];
