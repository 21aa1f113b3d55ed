import type { Contraction, DotParams, Expr, Inputs } from "../ir/expr.ts";
import { dot } from "../ir/ops/contraction.ts";
import { moveAxis, transpose } from "../ir/ops/structural.ts";
import { nth } from "../tensor/list.ts";
import { cotangents, tangents } from "./make.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/** The free axes of a dot's operand: those neither paired as batch axes nor contracted. */
const free = (x: Expr, batch: readonly number[], contract: readonly number[]): readonly number[] =>
  x.shape.map((_, i) => i).filter((i) => !batch.includes(i) && !contract.includes(i));

/**
 * The cotangent of one operand of a dot: contracts the output's cotangent with the other operand over its free axes,
 * and puts the axes in the operand's order. `side` is 0 for the left operand, 1 for the right.
 */
const pullDot = (ct: Expr, operands: Inputs<"dot">, params: DotParams, side: 0 | 1): Expr => {
  const other = side === 0 ? 1 : 0;
  const [x, y] = [operands[side], operands[other]];
  const pairs = params.batch[0].length;
  const freeX = free(x, params.batch[side], params.contract[side]);
  const freeY = free(y, params.batch[other], params.contract[other]);
  const startY = pairs + (side === 0 ? freeX.length : 0);
  const ofY = freeY.map((_, i) => startY + i);
  const paired = params.batch[0].map((_, i) => i);
  const contractedY = [...params.contract[other]].sort((a, b) => a - b);
  const ofContract = contractedY.map((a) =>
    nth(params.contract[side], params.contract[other].indexOf(a)),
  );
  // This order of operands avoids most transposes: [m, k]·[k, n] pulls back to [m, k] and [k, n].
  const [product, origin] =
    side === 0
      ? [dot(ct, y, [ofY, freeY], [paired, params.batch[other]]), [...freeX, ...ofContract]]
      : [dot(y, ct, [freeY, ofY], [params.batch[other], paired]), [...ofContract, ...freeX]];
  const axes = [...params.batch[side], ...origin];
  return transpose(
    product,
    x.shape.map((_, axis) => axes.indexOf(axis)),
  );
};

const later = (axes: readonly number[]): readonly number[] => axes.map((a) => a + 1);

export const jvp: JvpRules<keyof Contraction> = {
  dot: tangents(
    "dot",
    (t, [, y], _, { contract, batch }) => dot(t, y, contract, batch),
    (t, [x], _, { contract, batch }) => dot(x, t, contract, batch),
  ),
};

export const vjp: VjpRules<keyof Contraction> = {
  dot: cotangents(
    "dot",
    (ct, xs, _, params) => pullDot(ct, xs, params, 0),
    (ct, xs, _, params) => pullDot(ct, xs, params, 1),
  ),
};

export const batch: BatchRules<keyof Contraction> = {
  dot: (params, inputs, [left, right]) => {
    const [x, y] = inputs;
    const { batch: pairs, contract } = params;
    const shift = (axes: DotParams["batch"]): DotParams["batch"] => [
      left ? later(axes[0]) : axes[0],
      right ? later(axes[1]) : axes[1],
    ];
    const [p, c] = [shift(pairs), shift(contract)];
    if (left && right)
      return {
        outputs: [
          dot(x, y, c, [
            [0, ...p[0]],
            [0, ...p[1]],
          ]),
        ],
        batched: [true],
      };
    const product = dot(x, y, c, p);
    // The mapped axis is the first free one of the operand that has it.
    const at = left ? pairs[0].length : pairs[0].length + free(x, p[0], c[0]).length;
    return { outputs: [moveAxis(product, at, 0)], batched: [true] };
  },
};
