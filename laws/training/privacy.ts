import * as fc from "fast-check";
import { flattenTensors } from "../../src/ir/trees.ts";
import { foldIn, key as keyOf } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { begun, type LearnerSubject, steps } from "./learners.ts";

/** A private learner that steps straight along its gradient, by the rate. */
export interface PrivateSubject extends LearnerSubject {
  readonly rate: number;
  /** The largest norm of one example's gradient. */
  readonly clip: number;
}

type Rows = ReturnType<LearnerSubject["batch"]>;

/** The rows, with one of them taken from others. */
const withRowOf = (rows: Rows, others: Rows, row: number): Rows =>
  Object.fromEntries(
    Object.entries(rows).map(([column, x]) => {
      const width = x.size / (x.shape[0] ?? 1);
      const data = Tensor.read(x).slice();
      const from = Tensor.read(others[column] as Tensor);
      data.set(from.subarray(row * width, (row + 1) * width), row * width);
      return [column, Tensor.own(x.shape, x.dtype, data)];
    }),
  );

const examples = 8;

/** No example can change a step by more than its clipped gradient, whatever it holds: what differential privacy rests on. */
export const boundedInfluence: Law<PrivateSubject> = law(
  "bounded influence",
  "another example in a batch of n moves the params of a step by at most 2ηC/n",
  (subject) => ({
    given: record({ seed: fc.nat(1000), row: fc.nat(examples - 1) }),
    breach: ({ seed, row }: { seed: number; row: number }) => {
      const rows = subject.batch(keyOf(seed), examples);
      const others = subject.batch(foldIn(keyOf(seed), 1), examples);
      const after = (batch: Rows) => {
        const own = { ...subject, batch: () => batch };
        const { kept } = steps(own, begun(own, seed), [keyOf(seed)], examples);
        const { params } = subject.learner.trained.get(kept.carried);
        return flattenTensors(params).leaves.flatMap((leaf) => [...Tensor.read(leaf)]);
      };
      const [before, now] = [after(rows), after(withRowOf(rows, others, row))];
      const moved = Math.hypot(...before.map((x, i) => x - (now[i] as number)));
      const most = (2 * subject.rate * subject.clip) / examples;
      return moved <= most * (1 + 1e-4) + 1e-6
        ? undefined
        : `one example moves the params by ${moved}, of ${most} at most`;
    },
  }),
);
