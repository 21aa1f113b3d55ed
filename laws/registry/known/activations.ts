import type { Expr } from "../../../src/ir/expr.ts";
import * as activations from "../../../src/nn/functional/activation.ts";
import type { Known, KnownValues } from "../../values/known.ts";

/** Known values of activations: at 0, on both sides, and in the tails, where a formula may cancel. */

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const values = (
  f: (x: Expr) => Expr,
  points: readonly (readonly [x: number, y: number])[],
  source = "its definition, to fifty digits",
): Known => ({
  source,
  apply: f,
  inputs: [points.map(([x]) => x)],
  expected: [points.map(([, y]) => y)],
});

/** A value in the tail, scaled up so that its digits count. */
const tail = (f: (x: Expr) => Expr, scaled: (y: Expr) => Expr, known: Known): Known => ({
  ...known,
  apply: (x) => scaled(f(x)),
});

const a = activations;
const torch = "PyTorch 1.13";

export const knownActivations: KnownValues<typeof activations> = {
  sigmoid: [
    values(a.sigmoid, [
      [0, 0.5],
      [1, 0.7310585786300049],
      [-1, 0.2689414213699951],
      [infinity, 1],
      [-infinity, 0],
      [nan, nan],
    ]),
  ],
  logSigmoid: [
    values(a.logSigmoid, [
      [0, -Math.LN2],
      [-1, -1.3132616875182228],
      [40, -4.248354255291589e-18],
      [-1000, -1000],
      [infinity, 0],
      [-infinity, -infinity],
      [nan, nan],
    ]),
  ],
  relu: [
    values(a.relu, [
      [-1, 0],
      [2, 2],
      [-infinity, 0],
      [infinity, infinity],
      [nan, nan],
    ]),
  ],
  relu6: [
    values(a.relu6, [
      [-1, 0],
      [2, 2],
      [7, 6],
      [nan, nan],
    ]),
  ],
  leakyRelu: [
    values(a.leakyRelu, [
      [-2, -0.02],
      [3, 3],
      [-infinity, -infinity],
      [nan, nan],
    ]),
  ],
  elu: [
    values(a.elu, [
      [-2, -0.8646647167633873],
      [2, 2],
      [-infinity, -1],
      [1e4, 1e4],
      [nan, nan],
    ]),
  ],
  celu: [
    values(
      (x) => a.celu(x, 2),
      [
        [-2, -1.2642411176571153],
        [2, 2],
        [-infinity, -2],
        [nan, nan],
      ],
    ),
  ],
  selu: [
    values(a.selu, [
      [-1, -1.1113307378125625],
      [2, 2.101401974710961],
      [0, 0],
      [nan, nan],
    ]),
  ],
  gelu: [
    values(a.gelu, [
      [-1, -0.15865525393145707],
      [0, 0],
      [1, 0.8413447460685429],
      [3, 2.99595030590511],
      [nan, nan],
      [infinity, infinity],
    ]),
    values(a.gelu, [[-infinity, nan]], torch),
    tail(
      a.gelu,
      (y) => a.leakyRelu(y, 1e9),
      values(a.gelu, [
        [-5.5, -104.442593562382],
        [-6, -5.91952587022619],
      ]),
    ),
  ],
  geluTanh: [
    values(a.geluTanh, [
      [-1, -0.15880800939172326],
      [0, 0],
      [1, 0.8411919906082768],
      [3, 2.9963626079182273],
      [1e20, 1e20],
      [nan, nan],
    ]),
    tail(a.geluTanh, (y) => a.leakyRelu(y, 1e11), values(a.geluTanh, [[-6, -8.43964670076231]])),
  ],
  silu: [
    values(a.silu, [
      [-1, -0.2689414213699951],
      [0, 0],
      [3, 2.8577223804672998],
      [-1e30, 0],
      [infinity, infinity],
      [nan, nan],
    ]),
    tail(a.silu, (y) => a.leakyRelu(y, 1e12), values(a.silu, [[-30, -2.8072868906517896]])),
  ],
  softplus: [
    values(a.softplus, [
      [-1, 0.31326168751822286],
      [0, Math.LN2],
      [1, 1.3132616875182228],
      [1000, 1000],
      [-infinity, 0],
      [nan, nan],
    ]),
    values((x) => a.softplus(x, 2), [[1, 1.0634640055214863]]),
  ],
  softsign: [
    values(a.softsign, [
      [-1, -0.5],
      [3, 0.75],
      [0, 0],
      [1e300, 1],
      [nan, nan],
    ]),
  ],
  mish: [
    values(a.mish, [
      [-1, -0.30340146137410895],
      [0, 0],
      [1, 0.8650983882673103],
      [2, 1.9439589595339946],
      [nan, nan],
    ]),
    tail(a.mish, (y) => a.leakyRelu(y, 1e8), values(a.mish, [[-20, -4.122307240628762]])),
  ],
  hardtanh: [
    values(a.hardtanh, [
      [-2, -1],
      [0.5, 0.5],
      [2, 1],
      [nan, nan],
    ]),
  ],
  hardsigmoid: [
    values(a.hardsigmoid, [
      [-3, 0],
      [0, 0.5],
      [1.5, 0.75],
      [3, 1],
      [nan, nan],
    ]),
  ],
  hardswish: [
    values(a.hardswish, [
      [-3, 0],
      [-1.5, -0.375],
      [1.5, 1.125],
      [4, 4],
      [1.7e308, 1.7e308],
      [nan, nan],
    ]),
  ],
  hardshrink: [
    values(a.hardshrink, [
      [0.5, 0],
      [-0.5, 0],
      [0.75, 0.75],
      [-1, -1],
      [nan, nan],
    ]),
  ],
  softshrink: [
    values(a.softshrink, [
      [0.5, 0],
      [0.75, 0.25],
      [-1, -0.5],
      [nan, nan],
    ]),
  ],
  tanhshrink: [
    values(a.tanhshrink, [
      [-1, -0.23840584404423515],
      [0, 0],
      [2, 1.035972419924183],
      [infinity, infinity],
      [nan, nan],
    ]),
    tail(
      a.tanhshrink,
      (y) => a.leakyRelu(y, 1e10),
      // x³/3 - 2x⁵/15 + …
      { ...values(a.tanhshrink, [[-1e-3, -3.33333200000054]]), within: 1e-14 },
    ),
  ],
  threshold: [
    values(
      (x) => a.threshold(x, 1, 20),
      [
        [1, 20],
        [2, 2],
        [-3, 20],
        [nan, nan],
      ],
      torch,
    ),
  ],
  softmin: [
    {
      source: "its definition",
      apply: (x) => a.softmin(x),
      inputs: [[1, 2, 3]],
      expected: [[0.6652409557748219, 0.24472847105479764, 0.09003057317038046]],
    },
  ],
  glu: [
    {
      source: "its definition",
      apply: (x) => a.glu(x),
      inputs: [[1, 2, 3, -1]],
      expected: [[0.9525741268224334, 0.5378828427399902]],
    },
  ],
};
