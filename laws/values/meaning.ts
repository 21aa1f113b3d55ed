import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { type Executable, SyncBackend, type Tensors } from "../../src/backend/backend.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Program } from "../../src/ir/expr.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";
import { sameBits } from "./compare.ts";
import { within } from "./roundoff.ts";

const programFrom = (f: SymbolicFunction): Program => programOf(typesOf(f), f.apply);

/** An optimization pass does not change the results of a program. */
export const meaningKept = (rewrite: (p: Program) => Program): Law<SymbolicFunction> =>
  law("passes keep meaning", "run (optimize p) x = run p x, bit for bit", (f: SymbolicFunction) => {
    const before = programFrom(f);
    const after = rewrite(before);
    return {
      given: inputsOf(f),
      breach: (x) => sameBits("output", run(after, x), run(before, x)),
    };
  });

/** A function that compiles programs. */
export type Compile = (program: Program) => Executable<Tensors>;

/**
 * The synchronous compiler of a backend; it throws compile errors. The backend stays open until the process ends, since
 * laws run programs outside of Effects.
 */
export const compilerOf = (layer: Layer.Layer<SyncBackend>): Compile => {
  const built = Effect.runSync(Layer.buildWithScope(layer, Scope.makeUnsafe()));
  const { compile } = Context.get(built, SyncBackend);
  return (program) => Effect.runSync(compile(program));
};

/** A backend agrees with the reference rules, up to the rounding that the program amplifies. */
export const backendsAgree = (compile: Compile): Law<SymbolicFunction> =>
  law(
    "backends agree",
    "|compiled p x - run p x| is within the rounding errors of p at x",
    (f: SymbolicFunction) => {
      const program = programFrom(f);
      const executable = compile(program);
      const judge = within(program);
      return { given: inputsOf(f), breach: (x) => judge(x, executable.run(x)) };
    },
  );

/** A backend computes the same bits for any number of threads. */
export const threadsAgree = (one: Compile, several: Compile): Law<SymbolicFunction> =>
  law(
    "threads agree",
    "compiled p x = compiled p x on several threads, bit for bit",
    (f: SymbolicFunction) => {
      const program = programFrom(f);
      const [want, got] = [one(program), several(program)];
      return { given: inputsOf(f), breach: (x) => sameBits("output", got.run(x), want.run(x)) };
    },
  );

/** A run changes nothing that a caller can see, and gives the same bits each time. */
export const immutability = (compile: Compile): Law<SymbolicFunction> =>
  law(
    "immutability",
    "inputs and earlier outputs are bit-unchanged by a run, and equal inputs give equal bits",
    (f: SymbolicFunction) => {
      const executable = compile(programFrom(f));
      return {
        given: record({ x: inputsOf(f), other: inputsOf(f) }),
        breach: ({ x, other }) => {
          const before = x.map(copyOf);
          const first = executable.run(x);
          const kept = first.map(copyOf);
          executable.run(other);
          return (
            sameBits("input", x, before) ??
            sameBits("output, after another run,", first, kept) ??
            sameBits("output of a second run", executable.run(x), kept)
          );
        },
      };
    },
  );

const copyOf = (x: Tensor): Tensor => Tensor.own(x.shape, x.dtype, x.toTypedArray());
