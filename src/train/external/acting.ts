import * as Effect from "effect/Effect";
import { vmap } from "../../autodiff/vmap.ts";
import { SyncBackend } from "../../backend/backend.ts";
import { parameter } from "../../ir/build.ts";
import type { Expr, TensorType } from "../../ir/expr.ts";
import { type KeyExpr, randomBits } from "../../ir/ops/random.ts";
import { program, topological } from "../../ir/program.ts";
import { symbolsOf, type Unshaped } from "../../ir/trees.ts";
import { actionType } from "../../learn/environments/environment.ts";
import type { ColumnTypes, Kept } from "../../learn/program.ts";
import type { PlayingLearner } from "../../learn/reinforcement/onPolicy.ts";
import type { Action, ExternalStep } from "../../learn/reinforcement/outside/external.ts";
import { allocate } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A learner that plays, whatever it carries. */
export type AnyPlayer = PlayingLearner<unknown, unknown>;

/** A tensor of rows of numbers, in order. */
const rowsOf = ({ shape, dtype }: TensorType, rows: readonly ArrayLike<number>[]): Tensor => {
  const data = allocate(dtype, sizeOf(shape));
  const width = data.length / rows.length;
  for (const [i, row] of rows.entries()) data.set(row, i * width);
  return Tensor.own(shape, dtype, data);
};

/** The types of the columns of the steps of one game. */
export const stepTypes = ({ environment, sitting: { length } }: AnyPlayer): ColumnTypes => {
  const { observation, actions } = environment;
  const along = ({ shape, dtype }: TensorType) => ({ shape: [length, ...shape], dtype });
  const [seen, action] = [along(observation), along(actionType(actions))];
  const [number, flag] = [along({ shape: [], dtype: "f32" }), along({ shape: [], dtype: "bool" })];
  return { observation: seen, action, reward: number, done: flag, truncated: flag, next: seen };
};

/** An action of every game, and what came of it. */
export interface Taken extends ExternalStep {
  readonly actions: readonly Action[];
}

/** The columns of steps of all games: each row is a game, with its steps in order. */
export const columnsOf = (
  taken: readonly Taken[],
  types: ColumnTypes,
): { readonly [column: string]: Tensor } => {
  const games = taken[0]?.actions.length ?? 0;
  const each = <A>(of: (step: Taken) => readonly A[]): readonly A[] =>
    Array.from({ length: games }, (_, game) => taken.map((step) => nth(of(step), game))).flat();
  const one = (xs: readonly (number | boolean)[]) => xs.map((x) => [Number(x)]);
  const columns: { readonly [column: string]: readonly ArrayLike<number>[] } = {
    observation: each((step) => step.observation),
    action: each((step) => step.actions).map((a) => (typeof a === "number" ? [a] : a)),
    reward: one(each((step) => step.reward)),
    done: one(each((step) => step.done)),
    truncated: one(each((step) => step.truncated)),
    next: each((step) => step.next),
  };
  return Object.fromEntries(
    Object.entries(columns).map(([column, rows]) => {
      const { shape, dtype } = types[column] as TensorType;
      return [column, rowsOf({ shape: [games, ...shape], dtype }, rows)];
    }),
  );
};

/** Compiles a policy: from the leaves of what is kept, what each game shows, and a key to an action of each. */
export const compileActing = Effect.fnUntraced(function* (learner: AnyPlayer, kept: Kept) {
  const backend = yield* SyncBackend;
  const { environment, sitting } = learner;
  const { games } = sitting;
  const { tree, leaves: given } = symbolsOf(kept);
  const type = { shape: [games, ...environment.observation.shape], dtype: "f32" } as const;
  const [shown, key] = [parameter(type), parameter({ shape: [2], dtype: "i32" }) as KeyExpr];
  const actions = vmap((seen: Expr, own: KeyExpr) => learner.act(tree.carried, seen, own))(
    shown,
    randomBits(key, [games, 2]) as Unshaped<KeyExpr>,
  );
  const used = new Set(topological([actions]));
  const takes = given.flatMap((leaf, i) => (used.has(leaf.node) ? [i] : []));
  const whole = program([...takes.map((i) => nth(given, i)), shown, key], [actions]);
  const { run } = yield* backend.compile(whole);
  return (leaves: readonly Tensor[], seen: readonly Float32Array[], own: Tensor) => {
    const [made] = run([...takes.map((i) => nth(leaves, i)), rowsOf(type, seen), own]);
    const numbers = Array.from(Tensor.read(made as Tensor));
    if (environment.actions.kind === "discrete") return numbers;
    const width = numbers.length / games;
    return Array.from(
      { length: games },
      (_, i): Action => numbers.slice(i * width, (i + 1) * width),
    );
  };
});
