import { describe, expect, it } from "vitest";
import * as optim from "../../src/optim/index.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { near, trajectory } from "./valley.ts";

/**
 * The params after 5 and after 25 steps of PyTorch 1.13, in f64, down the valley of the golden trajectories.
 * NAdam is not among them: before version 2, PyTorch multiplied by one momentum too many (see `published.test.ts`).
 */
const torch: readonly (readonly [
  optimizer: optim.GradientTransformation,
  after5: readonly number[],
  after25: readonly number[],
])[] = [
  [
    optim.sgd({ learningRate: 0.01, momentum: 0.9, dampening: 0.5 }),
    [-0.94454154224857, 0.72240864652436, 0.32295718595207],
    [0.46106499164815, -0.17111889546677, -0.15562294668427],
  ],
  [
    optim.sgd({ learningRate: 0.01, momentum: 0.8, dampening: 1.0, weightDecay: 0.1 }),
    [-0.87043312, 0.89124464, 0.36810825451765],
    [-0.95254230407727, 0.79067303583434, 0.35274383943005],
  ],
  [
    optim.adam({ learningRate: 0.05, amsgrad: true, beta1: 0.9, beta2: 0.5 }),
    [-0.90206821581394, 0.871520434667, 0.14847737979737],
    [-0.56273377716817, 0.53230282688835, -0.22361646101542],
  ],
  [
    optim.adamw({ learningRate: 0.05, amsgrad: true, beta1: 0.9, beta2: 0.5, weightDecay: 0.1 }),
    [-0.88273454183631, 0.84632502300569, 0.14120470615578],
    [-0.4777294837381, 0.43622221981482, -0.21311266762949],
  ],
  [
    optim.radam({ learningRate: 0.05 }),
    [-0.50357185751977, 0.54648077723623, 0.18765724135062],
    [-0.4897492163719, 0.48813903951665, 0.12411724630834],
  ],
  [
    optim.radam({ learningRate: 0.05, weightDecay: 0.1, beta1: 0.8, beta2: 0.9 }),
    [-0.49293192340586, 0.52668966074904, 0.18102637183496],
    [-0.078256274993628, 0.028478745370198, -0.18522638518733],
  ],
  [
    optim.rmsprop({ learningRate: 0.01, centered: true }),
    [-0.82927318816619, 0.86490176896732, 0.10455062505905],
    [-0.51989409997848, 0.45139834894814, -0.12370469528697],
  ],
  [
    optim.rmsprop({ learningRate: 0.01, centered: true, momentum: 0.9, weightDecay: 0.1 }),
    [-0.86495035660614, 0.60219701794458, -0.36719997135132],
    [0.47209401625138, 0.42670287853992, -0.24647674900023],
  ],
  [
    optim.rmsprop({ learningRate: 0.01, momentum: 0.9 }),
    [-0.87197730240014, 0.61308416112028, -0.36720227735709],
    [0.47163099504604, 0.39300786289564, -0.25007250851027],
  ],
  [
    optim.adagrad({ learningRate: 0.1, learningRateDecay: 0.1, weightDecay: 0.1, initialSum: 0.3 }),
    [-0.8346626498051, 0.88583561133376, 0.16185323259859],
    [-0.72743228712371, 0.7180317556006, -0.0049866148387615],
  ],
  [
    optim.rprop({ initialStep: 0.05 }),
    [-0.846, 0.72792, 0.02792],
    [0.73548585036841, 0.56976334905508, -0.140975217664],
  ],
  [
    optim.rprop({ initialStep: 0.1, etaMinus: 0.4, etaPlus: 1.4, minStep: 0.001, maxStep: 0.2 }),
    [-0.8056, 0.916, -0.236],
    [0.47578370384265, 0.13074658991735, -0.1381550527488],
  ],
  [
    optim.adadelta({ learningRate: 1.0, rho: 0.8, weightDecay: 0.1 }),
    [-0.71196096501774, 1.0880111621146, 0.3879275795533],
    [-0.76341622971396, 1.0344090477768, 0.33035979319781],
  ],
  [
    optim.adamax({ learningRate: 0.05, weightDecay: 0.1, beta1: 0.8, beta2: 0.9 }),
    [-0.89167348143008, 0.86756126789972, 0.13036238686098],
    [-0.16986763908514, 0.10540823069166, -0.1024426855766],
  ],
  [
    optim.asgd({ learningRate: 0.02 }),
    [-0.79989812333507, 0.80192924637176, 0.31335349260047],
    [-0.253625462307, 0.18829103931593, 0.066644541162227],
  ],
  [
    optim.asgd({ learningRate: 0.02, lambda: 0.1, alpha: 0.5, t0: 3, weightDecay: 0.1 }),
    [-0.78572249545191, 0.78213398856806, 0.30666599633369],
    [-0.18897243032617, 0.14687800317867, 0.056194903310692],
  ],
  [
    optim.lbfgs({ learningRate: 1, maxIterations: 4, lineSearch: "strongWolfe" }),
    [0.99999909595884, 0.99999878695725, -0.13743206560472],
    [0.99999909595884, 0.99999878695725, -0.13743206560472],
  ],
  [
    optim.lbfgs({ learningRate: 0.5, maxIterations: 3, historySize: 2 }),
    [0.3071142103737, -0.045762227262168, -0.21096443228699],
    [0.99998661446015, 0.99997632728765, -0.13745240756832],
  ],
  [
    optim.lbfgs({ learningRate: 1, lineSearch: "strongWolfe" }),
    [0.99999909595884, 0.99999878695725, -0.13743206560472],
    [0.99999909595884, 0.99999878695725, -0.13743206560472],
  ],
  [
    optim.lbfgs({
      learningRate: 0.01,
      maxIterations: 2,
      historySize: 3,
      lineSearch: "strongWolfe",
    }),
    [-0.075045859981676, -0.24676773004435, -0.21879520285147],
    [0.99890905030613, 0.9977439868713, -0.13769788200043],
  ],
];

describe("trajectories of PyTorch", () => {
  it.each(torch.map(([optimizer, ...rest]) => [optimizer.name, optimizer, ...rest] as const))(
    "%s, row %$",
    (_name, optimizer, after5, after25) => {
      const actual = trajectory(optimizer, tensor([-0.7, 1.1, 0.4], "f64"), 25);
      for (const [step, expected] of [
        [5, after5],
        [25, after25],
      ] as const)
        for (const [i, x] of expected.entries())
          expect(
            near(actual[step - 1]?.[i], x),
            `step ${step}: ${actual[step - 1]} for ${expected}`,
          ).toBe(true);
    },
  );
});
