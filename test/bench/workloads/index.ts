import { w3 } from "./cnn.ts";
import { w4 } from "./lstm.ts";
import { w1, w2 } from "./mlp.ts";
import { w5 } from "./transformer.ts";
import type { Workload } from "./workload.ts";

/** The five workloads, in their order. */
export const workloads: readonly Workload[] = [w1, w2, w3, w4, w5];
