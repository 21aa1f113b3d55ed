import { pipe } from "fp-ts/lib/function.js";
import {
  adamw,
  batchNorm,
  conv2d,
  type Expr,
  initializers,
  objective,
  oneCycle,
  pipeline,
  relu,
  residual,
  runMain,
  sequential,
} from "../../src/index.ts";
import { dataAvailable } from "../../src/io/index.ts";
import {
  add,
  and,
  cast,
  concatenate,
  div,
  eq,
  exp,
  expandDims,
  floor,
  gt,
  index,
  iota,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  random,
  reshape,
  reverse,
  sliceAxis,
  square,
  stack,
  sub,
  sum,
  take,
  topK,
  transpose,
  where,
} from "../../src/ir/index.ts";
import type { LossContext } from "../../src/learn/index.ts";
import { logSigmoid, maxPool, nonMaximumSuppression } from "../../src/nn/functional/index.ts";
import { skipConcat, upsample } from "../../src/nn/index.ts";
import { asMetric, boxFigures } from "../baselines/boxes.ts";
import { bloodCellData, bloodCells, cells } from "../data/vision/bloodCells.ts";

/** The cells of the grid that the network answers on: one for each four pixels of the image. */
const [rows, columns] = [30, 40] as const;
/** The size of a box around a cell where the network answers 0, as a share of the image. */
const [wide, high] = [0.16, 0.2] as const;
const [batchSize, epochs, images] = [16, 40, 191] as const;

const convolve = (from: number, to: number, stride = 1) =>
  sequential(
    conv2d(from, to, 3, {
      stride,
      padding: "same",
      bias: false,
      weightInit: initializers.heNormal,
    }),
    batchNorm(to),
  );
const block = (n: number) =>
  sequential(residual(sequential(convolve(n, n), relu, convolve(n, n))), relu);

/** From an image to features of each cell: fine ones, and coarse ones that see more of it. */
const trunk = sequential(
  convolve(3, 16, 2),
  relu,
  convolve(16, 32, 2),
  relu,
  block(32),
  skipConcat(sequential(convolve(32, 64, 2), relu, block(64), block(64), upsample({ scale: 2 }))),
  convolve(96, 48),
  relu,
);

const models = {
  trunk,
  /** Of each cell and class, whether a box has its center there. It begins with a probability of a tenth. */
  heat: conv2d(48, cells.length, 1, { biasInit: initializers.constant(-2.2) }),
  /** Of each cell, how far the four sides of its box are. */
  sides: conv2d(48, 4, 1, { weightInit: initializers.normal(0.01) }),
};

const sigmoid = (x: Expr): Expr => exp(logSigmoid(x));

const part = (boxes: Expr, side: number): Expr => index(boxes, side, -1);

/** The places of cells along an axis, at their middles, as shares of it. */
const middles = (n: number): Expr => div(add(cast(iota([n]), "f32"), 0.5), n);

/** The boxes of all cells, `[rows · columns, 4]`, from the logarithms of the distances of their sides. */
const boxesAround = (sides: Expr): Expr => {
  const [left, top, right, bottom] = [0, 1, 2, 3].map((side) => exp(part(sides, side))) as [
    Expr,
    Expr,
    Expr,
    Expr,
  ];
  const [x, y] = [middles(columns), expandDims(middles(rows), 1)];
  const all = [
    sub(x, mul(left, wide / 2)),
    sub(y, mul(top, high / 2)),
    add(x, mul(right, wide / 2)),
    add(y, mul(bottom, high / 2)),
  ];
  return reshape(stack(all, -1), [rows * columns, 4]);
};

/** How much each cell is in the middle of each box, `[boxes, rows, columns]`: a bell around the cell of its center. */
const bells = (boxes: Expr): Expr => {
  const along = (first: number, n: number): Expr => {
    const [from, to] = [mul(part(boxes, first), n), mul(part(boxes, first + 2), n)];
    const center = floor(mul(add(from, to), 0.5));
    const deviation = div(add(mul(sub(to, from), 0.54), 1), 6);
    const off = sub(cast(iota([n]), "f32"), expandDims(center, 1));
    return exp(mul(square(div(off, expandDims(deviation, 1))), -0.5));
  };
  const there = gt(part(boxes, 4), -1);
  const bell = mul(expandDims(along(1, rows), 2), expandDims(along(0, columns), 1));
  return where(reshape(there, [boxes.shape[0] ?? 0, 1, 1]), bell, 0);
};

/** How far boxes are from true ones: 1 minus the generalized overlap, from 0 to 2. */
const apart = (found: Expr, boxes: Expr): Expr => {
  const extent = (from: Expr, to: Expr): Expr => maximum(sub(to, from), 0);
  const area = (first: (side: number) => Expr): Expr =>
    mul(extent(first(0), first(2)), extent(first(1), first(3)));
  const both = area((i) => (i < 2 ? maximum : minimum)(part(found, i), part(boxes, i)));
  const hull = area((i) => (i < 2 ? minimum : maximum)(part(found, i), part(boxes, i)));
  const own = [found, boxes].map((of) => area((i) => part(of, i))) as [Expr, Expr];
  const together = sub(add(...own), both);
  const tiny = 1e-9;
  return add(sub(1, div(both, add(together, tiny))), div(sub(hull, together), add(hull, tiny)));
};

/** The loss of the heat: a focal loss, in which cells near a center count less as false ones. */
const heatLoss = (heat: Expr, bell: Expr, boxes: Expr): Expr => {
  const bellsOf = cells.map((_, kind) => {
    const is = reshape(eq(part(boxes, 4), kind), [boxes.shape[0] ?? 0, 1, 1]);
    return max(where(is, bell, 0), 0);
  });
  const wanted = stack(bellsOf, -1);
  const right = mul(square(sigmoid(neg(heat))), logSigmoid(heat));
  const wrong = mul(
    mul(square(square(sub(1, wanted))), square(sigmoid(heat))),
    logSigmoid(neg(heat)),
  );
  return neg(sum(where(eq(wanted, 1), right, wrong)));
};

/** The loss of the sides, at the cells in the middle of each box. */
const sidesLoss = (found: Expr, bell: Expr, boxes: Expr): Expr => {
  const n = boxes.shape[0] ?? 0;
  const most = max(bell, 0);
  const owned = reshape(where(and(eq(bell, most), gt(bell, 0.1)), bell, 0), [n, rows * columns]);
  const weights = div(owned, expandDims(maximum(sum(owned, 1), 1e-9), 1));
  const shares = cast(gt(owned, 0), "f32");
  const owners = maximum(sum(shares, 0), 1);
  const own = div(matmul(transpose(shares), sliceAxis(boxes, -1, 0, 4)), expandDims(owners, 1));
  return sum(mul(sum(weights, 0), apart(found, own)));
};

/** The boxes that are found: `[64, 6]`, left, top, right, bottom, class and score, which is 0 for none. */
const detected = (heat: Expr, found: Expr): Expr => {
  const score = sigmoid(heat);
  const peaks = where(eq(score, maxPool(score, 3, { stride: 1, padding: "same" })), score, 0);
  const { values, indices } = topK(reshape(peaks, [rows * columns * cells.length]), 64);
  const cell = floor(div(cast(indices, "f32"), cells.length));
  const kind = sub(cast(indices, "f32"), mul(cell, cells.length));
  const boxes = take(found, cast(cell, "i32"), 0);
  // Classes side by side, so that boxes suppress those of their own class only.
  const apartBy = add(boxes, mul(expandDims(kind, 1), 4));
  const stays = nonMaximumSuppression(apartBy, values, { overlap: 0.5 });
  return concatenate([boxes, stack([kind, where(stays, values, 0)], 1)], 1);
};

/** Mirrors an image and its boxes, or not, along both axes. */
const mirrored = (image: Expr, boxes: Expr, key: LossContext["key"]): readonly [Expr, Expr] => {
  const keys = random.splitKey(key, 2);
  return [0, 1].reduce<readonly [Expr, Expr]>(
    ([x, b], axis) => {
      const flips = random.bernoulli(keys[axis] as LossContext["key"], 0.5, []);
      const [first, last] = axis === 0 ? [1, 3] : [0, 2];
      const sides = [0, 1, 2, 3, 4].map((i) =>
        i === first ? sub(1, part(b, last)) : i === last ? sub(1, part(b, first)) : part(b, i),
      );
      return [where(flips, reverse(x, [axis]), x), where(flips, stack(sides, -1), b)];
    },
    [image, boxes],
  );
};

const figures = boxFigures(cells, 0.3);

export const bloodCellDetector = pipe(
  pipeline(
    "blood-cells",
    bloodCells,
    objective({
      models,
      loss: ({ trunk, heat, sides }, row, { mode, key }) => {
        const [image, boxes] =
          mode === "train" ? mirrored(row.image, row.boxes, key) : [row.image, row.boxes];
        const features = trunk(sub(image, 0.5) as typeof row.image) as Expr<
          readonly [number, number, 48]
        >;
        const [hot, found] = [heat(features) as Expr, boxesAround(sides(features))];
        const bell = bells(boxes);
        const count = maximum(sum(cast(gt(part(boxes, 4), -1), "f32")), 1);
        const loss = div(
          add(heatLoss(hot, bell, boxes), mul(sidesLoss(found, bell, boxes), 5)),
          count,
        );
        return { loss: loss as Expr<readonly []>, output: detected(hot, found), target: boxes };
      },
      predict: ({ trunk, heat, sides }, row) => {
        const features = trunk(sub(row.image, 0.5) as typeof row.image) as Expr<
          readonly [number, number, 48]
        >;
        return detected(heat(features), boxesAround(sides(features)));
      },
      optimizer: adamw({
        learningRate: oneCycle(4e-3, epochs * Math.ceil(images / batchSize)),
        weightDecay: 0.01,
      }),
      metrics: figures.map(asMetric),
    }),
    {
      description: "boxes around red cells, white cells and platelets in images of blood",
      available: dataAvailable(bloodCellData),
      data: bloodCellData,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
);

if (import.meta.main) runMain(bloodCellDetector);
