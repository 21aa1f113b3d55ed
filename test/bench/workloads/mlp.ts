import { caseStudy } from "../../../pipelines/foundations/case-study.ts";
import { mnistMlp } from "../../../pipelines/vision/mnist-mlp.ts";
import { workload } from "./workload.ts";

/** The textbook network. */
export const w1 = workload(
  "W1",
  "MNIST 784–128–10, batch 64",
  mnistMlp,
  { input: "image", target: "label" },
  ([first, , second]) => ({
    w0: first.weight,
    b0: first.bias,
    w1: second.weight,
    b1: second.bias,
  }),
);

/** Four hidden layers: many small products. */
export const w2 = workload(
  "W2",
  "64–256⁴–1, batch 32",
  caseStudy,
  { input: "features", target: "label" },
  ([a, , b, , c, , d, , e]) => ({
    w0: a.weight,
    b0: a.bias,
    w1: b.weight,
    b1: b.bias,
    w2: c.weight,
    b2: c.bias,
    w3: d.weight,
    b3: d.bias,
    w4: e.weight,
    b4: e.bias,
  }),
);
