import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { run } from "../../interpreter/evaluate.ts";
import type { Program } from "../../ir/expr.ts";
import { allocate, type Storage } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  type Backend,
  contextOfSync,
  type Executable,
  type Fill,
  type SyncBackend,
  type Tensors,
} from "../backend.ts";
import { check, inputIssue } from "../check.ts";
import { inOrder } from "../inOrder.ts";
import { planOf } from "./plan.ts";

const executable = (program: Program, carried: number): Executable<Tensors> => {
  // A wrong value is the caller's mistake, and a run is not an Effect: the typed error is thrown.
  const admit = (inputs: Tensors, from = 0, to = program.inputs.length): void => {
    const issue = inputIssue(program.inputs.slice(from, to), inputs);
    if (issue !== undefined) throw issue;
  };
  return {
    program,
    plan: planOf(program),
    ahead: 0,
    run: (inputs) => {
      admit(inputs);
      return run(program, inputs);
    },
    start: (initial) => {
      admit(initial, 0, carried);
      // Tensors are immutable, so keeping one keeps a copy.
      let state: Tensors = [...initial];
      const outputs = inOrder<Tensors>(0);
      const take = (inputs: Tensors): void => {
        outputs.admit();
        const made = run(program, [...state, ...inputs]);
        state = made.slice(0, carried);
        outputs.add(made.slice(carried));
      };
      const filled = (fill: Fill): Tensors => {
        const given = program.inputs.slice(carried);
        const data = given.map(({ dtype, shape }) => allocate(dtype, sizeOf(shape)));
        fill(data);
        return given.map(({ dtype, shape }, i) => Tensor.own(shape, dtype, data[i] as Storage));
      };
      return {
        submit: (fill) => take(filled(fill)),
        read: outputs.next,
        step: (inputs) => {
          admit(inputs, carried);
          take(inputs);
          return outputs.next();
        },
        state: () => state,
        finish: () => state,
        release: () => {},
      };
    },
  };
};

/**
 * The backend that interprets programs by the reference rules, node by node and without passes, in double precision
 * rounded to each node's dtype. It is slow and simple, the standard for other backends.
 *
 * **Fails with** `CompileError`.
 */
export const layerReference: Layer.Layer<Backend | SyncBackend> = Layer.succeedContext(
  contextOfSync({
    name: "reference",
    compile: (program, options) => {
      const carried = options?.carried ?? 0;
      return Effect.map(check(program, carried), () => executable(program, carried));
    },
  }),
);
