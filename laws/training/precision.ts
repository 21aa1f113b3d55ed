import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { ReverseMode } from "../../src/autodiff/index.ts";
import { prepared } from "../../src/backend/plan/passes/prepared.ts";
import { explainedKernels } from "../../src/backend/plan/report.ts";
import { plannedFor } from "../../src/backend/plan/target.ts";
import { wasmTarget } from "../../src/backend/wasm/target.ts";
import type { Learner } from "../../src/learn/learner.ts";
import { inPrecision } from "../../src/learn/precision/inPrecision.ts";
import { stepProgram, typesOf } from "../../src/learn/program.ts";
import { oneShard } from "../../src/learn/shards.ts";
import { key } from "../../src/tensor/key.ts";
import { type Law, law } from "../law.ts";
import { begun, type LearnerSubject } from "./learners.ts";

type AnyLearner = Learner<never, unknown>;

/** The bytes that one step on a batch moves, as its plan for WebAssembly adds them up. */
export const bytesMoved = (
  learner: AnyLearner,
  subject: LearnerSubject,
  examples: number,
): number => {
  const columns = Object.entries(subject.batch(key(1), examples));
  const spec = Object.fromEntries(
    columns.map(([name, { shape, dtype }]) => [name, { shape: shape.slice(1), dtype }]),
  );
  const kept = begun({ ...subject, learner }, 1);
  const step = Effect.runSync(
    Effect.provide(
      stepProgram(learner, oneShard, kept, typesOf(spec, examples)),
      ReverseMode.layerTape,
    ),
  );
  const { steps, memory } = plannedFor(
    wasmTarget({ relaxed: false }),
    prepared(step.program),
    step.carried,
  );
  return explainedKernels(steps, memory).reduce((n, { planned }) => n + planned.bytes, 0);
};

/** A step that stores halves moves no more bytes than in f32: no value is rounded or widened by a pass of its own. */
export const halvesMoveLess = (
  changed: (learner: AnyLearner) => AnyLearner = inPrecision("bf16"),
): Law<LearnerSubject> =>
  law("halves move less", "bytes(step in half) ≤ bytes(step)", (subject) => ({
    given: fc.constantFrom(32, 64),
    breach: (examples: number) => {
      const [halves, whole] = [changed(subject.learner), subject.learner].map((learner) =>
        bytesMoved(learner, subject, examples),
      ) as [number, number];
      return halves <= whole ? undefined : `${halves} bytes are moved, and ${whole} in f32`;
    },
  }));
