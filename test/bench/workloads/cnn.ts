import { pipe } from "fp-ts/lib/function.js";
import { mnistCnn } from "../../../pipelines/vision/mnist-cnn.ts";
import { adam, withOptimizer } from "../../../src/index.ts";
import { workload } from "./workload.ts";

/** Two convolutions and a linear layer, channels last. */
export const w3 = workload(
  "W3",
  "MNIST CNN, conv 3×3 16 and 32, batch 64",
  pipe(mnistCnn, withOptimizer(adam({ learningRate: 1e-3 }))),
  { input: "image", target: "label" },
  ([, first, , , second, , , , last]) => ({
    k0: first.weight,
    c0: first.bias,
    k1: second.weight,
    c1: second.bias,
    w: last.weight,
    b: last.bias,
  }),
);
