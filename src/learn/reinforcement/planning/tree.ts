import { scan, whileLoop } from "../../../autodiff/control.ts";
import { InvalidArgument } from "../../../errors.ts";
import { constant } from "../../../ir/build.ts";
import type { Expr } from "../../../ir/expr.ts";
import { cast, where } from "../../../ir/ops/control.ts";
import {
  abs,
  add,
  and,
  div,
  eq,
  ge,
  gt,
  maximum,
  mul,
  neg,
  not,
  or,
  rem,
  sub,
} from "../../../ir/ops/elementwise.ts";
import { fill, iota, scatterAdd, take } from "../../../ir/ops/indexing.ts";
import type { KeyExpr } from "../../../ir/ops/random.ts";
import { argmax, max } from "../../../ir/ops/reduction.ts";
import { reshape } from "../../../ir/ops/structural.ts";
import { exprsLike, flattenExprs, treeOf } from "../../../ir/trees.ts";
import { key as keyOf } from "../../../tensor/key.ts";
import { nth } from "../../../tensor/list.ts";
import { whole } from "../../../tensor/validate.ts";
import type { Choice, Environment } from "../../environments/environment.ts";
import { eachLeaf } from "../../trees.ts";
import { countOfActions } from "../greedy.ts";

/** What a model says of a position, to the player to move: a logit for each action, `[count]`, and the value, a scalar. */
export interface Opinion {
  readonly logits: Expr;
  readonly value: Expr;
}

/** What a search knows of a position. Leaves are `[count]`, but for the model's own `value`, a scalar. */
export interface Moves extends Opinion {
  /** Which actions are legal. */
  readonly legal: Expr;
  /** The visits of each action so far. */
  readonly visits: Expr;
  /** The mean value of what an action led to, for the player who moves; 0 where it was not visited. */
  readonly values: Expr;
}

/** What a search advises. */
export interface Plan extends Choice {
  /** The probability of each action that is better than the model's, `[count]`. */
  readonly policy: Expr;
  /** The value of the position to the player to move, a scalar. */
  readonly value: Expr;
  /** The mean value of what each action led to, `[count]`, for the player who moves; -∞ where it was not visited. */
  readonly values: Expr;
  /** How many simulations began with each action, `[count]`. */
  readonly visits: Expr;
}

/** How a search chooses: scores of actions, of which the highest that is legal is taken. */
export interface Choosing {
  /** At the root of the tree, in the simulation with this number, an i32 scalar. */
  readonly root: (moves: Moves, simulation: Expr) => Expr;
  /** At any other position. */
  readonly inner: (moves: Moves) => Expr;
  /** In the end. */
  readonly conclude: (moves: Moves) => Omit<Plan, "values" | "visits">;
}

/** What a planner knows of a search before it begins. */
export interface Search {
  readonly first: Moves;
  readonly simulations: number;
  readonly key: KeyExpr | undefined;
}

/** A rule of search. With a key it explores, for games to learn from; without one it plays as well as it can. */
export type Planner = (search: Search) => Choosing;

/** A search tree: leaves are `[nodes, ...]`, and the root is the first node. */
interface Tree {
  readonly state: unknown;
  readonly logits: Expr;
  readonly legal: Expr;
  readonly value: Expr;
  /** 1 where the game is over. */
  readonly over: Expr;
  /** The node that an action leads to, i32 `[nodes · count]` as are the next two, or -1. */
  readonly children: Expr;
  readonly visits: Expr;
  /** The sum of the values that came back along an action. */
  readonly totals: Expr;
}

/** The way from the root to an action: as many steps as `depth`, and then the action. */
interface Descent {
  readonly node: Expr;
  readonly action: Expr;
  readonly depth: Expr;
  /** The place of each action of the way among the actions of all nodes, i32 `[simulations]`; -1 after its end. */
  readonly edges: Expr;
}

/** A score of what is not legal: low enough that nothing of it is left in a softmax, and finite. */
const impossible = -1e9;

/** The scores of legal actions, and `impossible` for the others. */
export const amongLegal = ({ legal }: Pick<Moves, "legal">, scores: Expr): Expr =>
  where(legal, scores, impossible);

/** A tree of zeros, or of rows and zeros, with another row where zeros are. */
const written = <T>(all: T, at: Expr, row: T): T => {
  const { leaves, shape } = flattenExprs(all);
  const rows = exprsLike("a node of a search tree", shape, row);
  return treeOf<T>(
    shape,
    leaves.map((leaf, i) => scatterAdd(leaf, at, nth(rows, i))),
  );
};

/** The state that an observation shows. **Fails with** `InvalidArgument`, thrown. */
const showing = (op: string, { name, stateOf }: Environment): ((observation: Expr) => unknown) => {
  if (stateOf !== undefined) return stateOf;
  throw new InvalidArgument({
    ...{ op, argument: "environment", actual: `${name}, which has no stateOf` },
    expected: "a game whose observations tell its state, such as connectFour",
  });
};

/**
 * A policy that searches the tree of what may follow a position, for games of two who move in turn and see their own side,
 * such as `connectFour`. Each simulation goes down from the root by the choices of a planner to an action that was not tried, asks
 * the model for its opinion of what follows, and adds that to the values of all actions on the way, with the sign of whose
 * they are. Only the end of a game has a reward. Without a key an action that was seen to win at once is taken before any other. It is one loop of a program; `vmap` searches for many games at once.
 *
 * **Fails with** `InvalidArgument`, thrown, where `simulations` is not a whole number above 0, the actions are continuous,
 * or the environment has no `stateOf`.
 * **Source** Silver et al., "A general reinforcement learning algorithm that masters chess, shogi, and Go through
 * self-play" (2018), Science 362.
 * **Laws** `laws.treeSearch`: visits sum to the simulations, and none is of an illegal action; wins are taken, those too that one simulation saw.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, tensor } from "fluxion";
 * import { ticTacToe } from "fluxion/environments";
 * import { fill } from "fluxion/ops";
 * import { puct, treeSearch } from "fluxion/reinforcement";
 *
 * // A model without an opinion: all moves alike, and a draw.
 * const opinion = () => ({ logits: fill([9], 0, "f32"), value: fill([], 0, "f32") });
 * const search = treeSearch(ticTacToe(), puct(), { simulations: 60 })(opinion);
 * const board = tensor([[-1, -1, 0], [0, 1, 0], [0, 0, 0]]);
 * const program = Effect.map(compile((seen: Expr) => search(seen), [board]), (run) => run(board).action.item());
 * Effect.runSync(Effect.scoped(Effect.provide(program, Backend.layerWasm))) // => 2
 * ```
 */
export const treeSearch = (
  game: Environment,
  planner: Planner,
  { simulations }: { readonly simulations: number },
) => {
  const op = "treeSearch";
  whole(1)(op, { simulations });
  const count = countOfActions(op, game);
  const stateOf = showing(op, game);
  const nodes = simulations + 1;
  const root = fill([], 0, "i32");

  const edgeOf = (node: Expr, action: Expr): Expr => add(mul(node, count), action);
  const childOf = ({ children }: Tree, { node, action }: Pick<Descent, "node" | "action">): Expr =>
    take(children, edgeOf(node, action));
  const rowOf = (edges: Expr, node: Expr): Expr => take(reshape(edges, [nodes, count]), node);
  const depths = iota([simulations]);
  const best = (moves: Moves, scores: Expr): Expr => argmax(amongLegal(moves, scores));
  const movesAt = (tree: Tree, node: Expr): Moves => {
    const visits = rowOf(tree.visits, node);
    return {
      logits: take(tree.logits, node),
      legal: cast(take(tree.legal, node), "bool"),
      value: take(tree.value, node),
      visits,
      values: div(rowOf(tree.totals, node), maximum(visits, 1)),
    };
  };

  return (judge: (observation: Expr) => Opinion) =>
    (observation: Expr, key?: KeyExpr): Plan => {
      const known = (state: unknown, seen: Expr, over: Expr) => {
        const { logits, value } = judge(seen);
        const legal = cast(game.legal?.(seen) ?? fill([count], 1, "bool"), "i32");
        return {
          ...{ state, legal, value, over: cast(over, "i32") },
          logits: amongLegal({ legal: cast(legal, "bool") }, logits),
        };
      };
      const first = known(stateOf(observation), observation, root);
      const empty = eachLeaf((x) => fill([nodes, ...x.shape], 0, x.dtype), first);
      const start: Tree = {
        ...written(empty, root, first),
        children: fill([nodes * count], -1, "i32"),
        visits: fill([nodes * count], 0, "f32"),
        totals: fill([nodes * count], 0, "f32"),
      };
      const choosing = planner({ first: movesAt(start, root), simulations, key });
      const simulate = (tree: Tree, simulation: Expr): readonly [Tree, undefined] => {
        const atRoot = movesAt(tree, root);
        const begun = best(atRoot, choosing.root(atRoot, simulation));
        const way = whileLoop<Descent>(
          (way) => {
            const child = childOf(tree, way);
            return and(ge(child, 0), not(cast(take(tree.over, child), "bool")));
          },
          (way) => {
            const node = childOf(tree, way);
            const moves = movesAt(tree, node);
            const action = best(moves, choosing.inner(moves));
            const depth = add(way.depth, 1);
            const edges = where(eq(depths, depth), edgeOf(node, action), way.edges);
            return { node, action, depth, edges };
          },
          {
            ...{ node: root, action: begun, depth: root },
            edges: where(eq(depths, 0), begun, -1),
          },
          // No way is longer than one by a new node in each simulation.
          { bound: simulations },
        );
        const child = childOf(tree, way);
        // Where the game was over before, it ends again at another node.
        const target = add(simulation, 1);
        const before = eachLeaf((all) => take(all, way.node), tree.state);
        const after = game.step(before, way.action, constant(keyOf(0)));
        const over = or(after.done, after.truncated);
        const next = known(after.state, after.observation, over);
        const worth = where(over, after.reward, neg(next.value));
        const { children, visits, totals, ...rest } = tree;
        // The values of the players alternate from the last action to the first.
        const sides = sub(1, mul(2, rem(abs(sub(way.depth, depths)), 2)));
        const edge = edgeOf(way.node, way.action);
        return [
          {
            ...written(rest, target, next),
            children: scatterAdd(children, reshape(edge, [1]), reshape(sub(target, child), [1])),
            visits: scatterAdd(visits, way.edges, fill([simulations], 1, "f32")),
            totals: scatterAdd(totals, way.edges, mul(cast(sides, "f32"), worth)),
          },
          undefined,
        ];
      };
      const [tree] = scan<Tree, Expr, undefined>(simulate, start, iota([simulations]));
      const moves = movesAt(tree, root);
      const advised = choosing.conclude(moves);
      const values = where(gt(moves.visits, 0), moves.values, Number.NEGATIVE_INFINITY);
      // Every visit of an action that ends the game is worth its reward.
      const child = rowOf(tree.children, root);
      const ends = and(ge(child, 0), cast(take(tree.over, maximum(child, 0)), "bool"));
      const proven = where(ends, values, Number.NEGATIVE_INFINITY);
      const action =
        key === undefined
          ? where(gt(max(proven), 0), argmax(proven), advised.action)
          : advised.action;
      return { ...advised, action, values, visits: moves.visits };
    };
};
