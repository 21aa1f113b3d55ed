import type { Expr } from "../../../src/ir/expr.ts";
import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import type * as combinators from "../../../src/nn/combinators/containers.ts";
import {
  fanout,
  frozen,
  named,
  parallel,
  remat,
  repeat,
  scanLayer,
  shared,
} from "../../../src/nn/combinators/containers.ts";
import type * as composed from "../../../src/nn/combinators/sequential.ts";
import { andThen, identity, sequential } from "../../../src/nn/combinators/sequential.ts";
import type * as connections from "../../../src/nn/combinators/skip.ts";
import { residual, skipConcat } from "../../../src/nn/combinators/skip.ts";
import { relu, sigmoid } from "../../../src/nn/functional/activation.ts";
import type * as affine from "../../../src/nn/layers/dense.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import type * as plain from "../../../src/nn/layers/lambda.ts";
import { dropout, flatten, lambda, reshape } from "../../../src/nn/layers/lambda.ts";
import { batchNorm } from "../../../src/nn/layers/normalization/batchNorm.ts";
import { graphs } from "../graphs/settings.ts";
import { ported } from "../ported/settings.ts";
import { sequenceModels } from "./sequenceModels.ts";
import { sequenceLayers } from "./sequences.ts";
import type { LayerCase, Settings } from "./settings.ts";
import { spatial } from "./spatial.ts";

/** Every layer and combinator, in several settings. A missing one does not compile. */
const settings: Settings<
  typeof affine & typeof plain & typeof composed & typeof combinators & typeof connections
> = {
  dense: [
    { layer: dense(3, 2), shape: [3] },
    { layer: dense(2, 3, { bias: false }), shape: [2] },
  ],
  lambda: [{ layer: lambda("total", (x: Expr) => sum(x, -1)), shape: [2, 3] }],
  flatten: [{ layer: flatten, shape: [2, 3] }],
  reshape: [{ layer: reshape([3, -1]), shape: [2, 3] }],
  dropout: [
    { layer: dropout(0.5), shape: [4] },
    { layer: dropout(0), shape: [4] },
  ],
  identity: [{ layer: identity, shape: [2] }],
  sequential: [
    { layer: sequential(dense(3, 4), tanh, dense(4, 2)), shape: [3] },
    { layer: sequential(flatten, dense(4, 2), dropout(0.3), sigmoid), shape: [2, 2] },
    { layer: sequential(), shape: [2] },
  ],
  andThen: [{ layer: andThen(dense(2, 3), tanh), shape: [2] }],
  named: [{ layer: named("head", dense(2, 2)), shape: [2] }],
  frozen: [{ layer: frozen(dense(2, 2)), shape: [2], rough: true }],
  remat: [
    { layer: remat(sequential(dense(2, 3), tanh, dropout(0.5))), shape: [2] },
    { layer: remat(batchNorm(2)), shape: [2], acrossExamples: true },
  ],
  residual: [
    { layer: residual(sequential(dense(2, 2), relu)), shape: [2] },
    { layer: residual(sequential(dense(2, 3), tanh), dense(2, 3, { bias: false })), shape: [2] },
  ],
  skipConcat: [{ layer: skipConcat(sequential(dense(2, 3), tanh)), shape: [2] }],
  repeat: [{ layer: repeat(3, sequential(dense(2, 2), tanh)), shape: [2] }],
  shared: [{ layer: shared(3, sequential(dense(2, 2), tanh)), shape: [2] }],
  scanLayer: [{ layer: scanLayer(dense(2, 3)), shape: [3, 2] }],
  parallel: [{ layer: parallel(dense(2, 2), tanh), shape: [2, 2] }],
  fanout: [{ layer: fanout(dense(2, 1), dense(2, 3), tanh), shape: [2] }],
};

/** Every layer in each of its settings. */
export const layerCases: readonly LayerCase[] = Object.entries({
  ...settings,
  ...spatial,
  ...ported,
  ...graphs,
  ...sequenceLayers,
  ...sequenceModels,
}).flatMap(([name, all]) =>
  all.map((setting, i) => ({ ...setting, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);
