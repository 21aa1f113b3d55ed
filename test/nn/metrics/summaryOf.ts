import type { Expr } from "../../../src/ir/expr.ts";
import { type Metric, readSummary, type Summary } from "../../../src/nn/metrics/metric.ts";
import { scalar } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { valueOf } from "../evaluated.ts";

/** The summary of a batch by a metric. */
export const summaryOf = <A extends Summary>(
  metric: Metric<A>,
  outputs: Tensor,
  targets: Tensor,
  loss = 0,
): A =>
  readSummary<A>(
    valueOf(
      (l: Expr, o: Expr, t: Expr) => metric.fromBatch({ loss: l, outputs: o, targets: t }),
      scalar(loss),
      outputs,
      targets,
    ) as { readonly [K in keyof A]: Tensor },
  );
