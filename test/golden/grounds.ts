import * as Effect from "effect/Effect";
import { SyncBackend } from "../../src/backend/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Program } from "../../src/ir/expr.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { layerStanding } from "../backend/standing.ts";

/** A way to run programs: the backend, the dtype, and the required accuracy. */
export interface Ground {
  readonly float: "f32" | "f64";
  readonly tolerance: number;
  readonly run: (program: Program, inputs: readonly Tensor[]) => readonly Tensor[];
}

export const reference: Ground = { float: "f64", tolerance: 1e-9, run };

const onWasm = (program: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
  Effect.runSync(
    Effect.provide(
      Effect.flatMap(SyncBackend, (backend) => backend.compile(program)),
      layerStanding,
    ),
  ).run(inputs);
export const wasm: Ground = { float: "f32", tolerance: 1e-4, run: onWasm };

export const grounds: readonly Ground[] = [reference, wasm];
