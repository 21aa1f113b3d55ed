import * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import { parameter } from "../ir/build.ts";
import { program } from "../ir/program.ts";
import { type Concrete, exprsLike, flattenExprs, shapeFor, treeOf } from "../ir/trees.ts";
import { ascribe } from "../ir/types/diagnose.ts";
import { leavesLike, tensorsOf } from "./arguments.ts";
import { type CompileOptions, SyncBackend, type Tensors } from "./backend.ts";
import type { Values } from "./compile.ts";

/** A state that stays in the backend's memory, and the step that changes it. */
export interface Resident<C, A extends readonly unknown[], B> {
  /**
   * Takes one step, and returns its report.
   *
   * **Fails with** (throws) `ShapeMismatch`, `DtypeMismatch` and `InvalidArgument` for arguments that differ from the
   * examples.
   */
  readonly step: (...args: Values<A>) => Concrete<B>;
  /** A copy of the state; later steps do not change it. */
  readonly state: () => Concrete<C>;
  /** Ends the loop and returns the state. No step may follow. */
  readonly finish: () => Concrete<C>;
}

/**
 * Compiles the step of a custom loop whose state stays in the backend's memory. A step receives only its arguments, and
 * returns only its report.
 *
 * **Fails with** `CompileError`, also where a step changes the shapes or dtypes of the state, `BackendUnavailable`,
 * `MemoryLimit`; thrown `StructureMismatch` where it returns a state of another structure.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, type Expr, scalar } from "fluxion";
 * import { resident } from "fluxion/backend";
 * import { add, mul } from "fluxion/ops";
 *
 * type Scalar = Expr<readonly []>;
 * const program = Effect.gen(function* () {
 *   const sums = yield* resident(
 *     (sum: Scalar, x: Scalar) => [add(sum, x), mul(x, x)] as const,
 *     scalar(0),
 *     [scalar(0)],
 *   );
 *   const squares = [1, 2, 3].map((x) => sums.step(scalar(x)).item());
 *   return [squares, sums.finish().item()];
 * });
 * Effect.runSync(Effect.provide(program, Backend.layerWasm)) // => [[1, 4, 9], 6]
 * ```
 */
export const resident = <C, A extends readonly unknown[], B>(
  step: (carry: C, ...args: A) => readonly [carry: C, report: B],
  start: Concrete<C>,
  examples: Values<A>,
  options: Omit<CompileOptions, "carried"> = {},
): Effect.Effect<Resident<C, A, B>, CompileError | BackendUnavailable | MemoryLimit, SyncBackend> =>
  Effect.suspend(() => {
    const held = tensorsOf("resident", [start], () => "the state");
    const given = tensorsOf("resident", examples, (i) => `example ${i + 1}`);
    const carry = held.leaves.map(parameter);
    const inputs = given.leaves.map(parameter);
    const [state] = treeOf(shapeFor<readonly [C]>(held.shape), carry);
    const [next, report] = step(state, ...treeOf(shapeFor<A>(given.shape), inputs));
    const after = exprsLike("a step of resident", held.shape, [next]);
    const reported = flattenExprs(report);
    // A state of other types is an issue of the program, found when it is compiled.
    const kept = ascribe("resident", held.leaves, after);
    const carried = carry.length;
    const whole = program([...carry, ...inputs], [...kept, ...reported.leaves]);
    return Effect.flatMap(SyncBackend, (backend) =>
      Effect.map(backend.compile(whole, { ...options, carried }), (executable) => {
        const session = executable.start(held.leaves);
        const stateOf = (leaves: Tensors): Concrete<C> =>
          treeOf(shapeFor<readonly [Concrete<C>]>(held.shape), leaves)[0];
        const named = { shape: given.shape, types: inputs };
        return {
          step: (...args: Values<A>) =>
            treeOf(
              shapeFor<Concrete<B>>(reported.shape),
              session.step(leavesLike("the step", named, args)),
            ),
          state: () => stateOf(session.state()),
          finish: () => stateOf(session.finish()),
        };
      }),
    );
  });
