import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import type { Backend, Executable, Fill, Session, Tensors } from "../../src/backend/backend.ts";
import { InvalidArgument } from "../../src/errors.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { program } from "../../src/ir/program.ts";
import { record, small, tensorOf } from "../domain.ts";
import type { AsyncLaw } from "../law.ts";
import { sameBits } from "../values/compare.ts";

/** A backend whose sessions are tried. */
export interface SubmissionSubject {
  readonly name: string;
  readonly backend: Backend["Service"];
}

/** An action on a session: it submits a step, reads one, or asks for the state. */
type Action = "submit" | "read" | "state";

interface Schedule {
  readonly actions: readonly Action[];
  readonly inputs: readonly (readonly number[])[];
}

const type = { shape: [2], dtype: "f32" } as const;
const [state, x] = [parameter(type), parameter(type)];
/** `s ↦ s/2 + x` and `s·x`: a step whose outputs tell every step and state from the others, without rounding. */
const step = program([state, x], [add(mul(state, 0.5), x), sum(mul(state, x))]);
const begin: Tensors = [tensorOf(type.shape, type.dtype, [1, -2])];

/** The outputs of each step, and the state before it and after the last, one step after the other. */
const inTurn = (inputs: Schedule["inputs"]) => {
  const states: Tensors[] = [begin];
  const outputs = inputs.map((each): Tensors => {
    const [next, ...rest] = run(step, [
      ...(states.at(-1) as Tensors),
      tensorOf(type.shape, type.dtype, each),
    ]);
    states.push(next === undefined ? [] : [next]);
    return rest;
  });
  return { states, outputs };
};

/** Whether something is refused by `InvalidArgument`. */
const refused = (ask: () => unknown): boolean => {
  try {
    ask();
    return false;
  } catch (error) {
    return error instanceof InvalidArgument;
  }
};

/** A fill that is only right until {@link Session.submit} has returned. */
const fleeting = (values: readonly number[]) => {
  let over = false;
  const fill: Fill = ([into]) => into?.set(over ? [99, 99] : values);
  const end = (): void => {
    over = true;
  };
  return { fill, end };
};

const runSchedule = async (executable: Executable, { actions, inputs }: Schedule) => {
  const { ahead } = executable;
  const want = inTurn(inputs);
  const session: Session = executable.start(begin);
  // The states asked for, to be compared at the end, when the device has run on.
  const asked: (readonly [what: string, got: Promise<Tensors>, wanted: Tensors])[] = [];
  const ask = (
    what: string,
    got: Tensors | Promise<Tensors>,
    wanted: Tensors | undefined,
  ): void => {
    asked.push([what, Promise.resolve(got), wanted ?? []]);
  };
  let [submitted, read] = [0, 0];
  for (const action of actions) {
    const waiting = submitted - read;
    if (action === "submit" && submitted < inputs.length) {
      const { fill, end } = fleeting(inputs[submitted] as readonly number[]);
      if (waiting > ahead) {
        if (!refused(() => session.submit(fill))) return `${waiting + 1} steps wait`;
      } else {
        session.submit(fill);
        submitted++;
      }
      end();
    } else if (action === "read") {
      if (waiting > 0) ask(`outputs of step ${read + 1}`, session.read(), want.outputs[read++]);
      else if (!refused(session.read)) return "a step is read that was not submitted";
    } else if (action === "state")
      ask(`the state after step ${submitted}`, session.state(), want.states[submitted]);
  }
  ask("the last state", session.finish(), want.states[submitted]);
  session.release();
  for (const [what, got, wanted] of asked) {
    const difference = sameBits(what, await got, wanted);
    if (difference !== undefined) return difference;
  }
  return undefined;
};

/** Steps that are submitted ahead of their reading are taken in order, and read in order. */
export const submission: AsyncLaw<SubmissionSubject> = {
  name: "submission",
  says: "outputs and states, asked for in any order of submissions and reads, are those of one step after the other",
  trial: ({ backend }) => {
    const executable = Effect.runPromise(backend.compile(step, { carried: 1 }));
    return {
      given: record({
        actions: fc.array(fc.constantFrom<Action>("submit", "submit", "read", "state"), {
          maxLength: 24,
        }),
        inputs: fc.array(fc.array(small, { minLength: 2, maxLength: 2 }), { maxLength: 12 }),
      }),
      breach: async (schedule: Schedule) => runSchedule(await executable, schedule),
    };
  },
};
