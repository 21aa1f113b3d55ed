import { apply, apply1 } from "../ir/build.ts";
import type { Expr, Indexed, Params } from "../ir/expr.ts";
import { zerosLike } from "../ir/ops/indexing.ts";
import { moveAxis } from "../ir/ops/structural.ts";
import { cotangents, orZero, spread, tangents } from "./make.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/** Reads, for each update of a scatter, the element that it was added to. */
const gather = (x: Expr, indices: Expr, params: Params<"gather">): Expr =>
  apply1("gather", params, x, indices);

export const jvp: JvpRules<keyof Indexed> = {
  gather: tangents("gather", (t, [, indices], _, params) => gather(t, indices, params)),
  scatterAdd: (params, primals, [tx, , tu]) => {
    const [x, indices, updates] = primals;
    return {
      outputs: apply("scatterAdd", params, primals),
      tangents:
        tu === undefined
          ? [tx]
          : [apply1("scatterAdd", params, orZero(tx, x), indices, orZero(tu, updates))],
    };
  },
};

export const vjp: VjpRules<keyof Indexed> = {
  gather: cotangents("gather", (ct, [x, indices], _, params) =>
    apply1("scatterAdd", params, zerosLike(x), indices, ct),
  ),
  scatterAdd: cotangents(
    "scatterAdd",
    (ct) => ct,
    undefined,
    (ct, [, indices], _, params) => gather(ct, indices, params),
  ),
};

export const batch: BatchRules<keyof Indexed> = {
  gather: ({ axis, batch: shared }, inputs, [ofX, ofIndices], mapped) => {
    const [x, indices] = inputs;
    if (!ofIndices && shared === 0)
      return { outputs: [gather(x, indices, { axis: axis + 1, batch: 0 })], batched: [true] };
    if (!ofX && shared === 0)
      return {
        outputs: [moveAxis(gather(x, indices, { axis, batch: 0 }), axis, 0)],
        batched: [true],
      };
    const both = gather(spread(x, ofX, mapped), spread(indices, ofIndices, mapped), {
      axis: axis + 1,
      batch: shared + 1,
    });
    return { outputs: [both], batched: [true] };
  },
  scatterAdd: ({ axis, batch: shared }, inputs, [ofX, ofIndices, ofUpdates], mapped) => {
    const [x, indices, updates] = inputs;
    const [everyX, everyUpdate] = [spread(x, ofX, mapped), spread(updates, ofUpdates, mapped)];
    const outputs =
      !ofIndices && shared === 0
        ? apply("scatterAdd", { axis: axis + 1, batch: 0 }, [everyX, indices, everyUpdate])
        : apply("scatterAdd", { axis: axis + 1, batch: shared + 1 }, [
            everyX,
            spread(indices, ofIndices, mapped),
            everyUpdate,
          ]);
    return { outputs, batched: [true] };
  },
};
