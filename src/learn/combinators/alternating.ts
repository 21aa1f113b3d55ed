import { isLeft, right } from "fp-ts/lib/Either.js";
import type { Exprs } from "../../autodiff/index.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { foldInKey } from "../../ir/ops/random.ts";
import { meanLoss } from "../../nn/metrics/regression.ts";
import { replacedBy } from "../../nn/pretrained.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import type { Descending } from "../descending.ts";
import { type Columns, type Learner, type Moment, predictingAt, type Report } from "../learner.ts";

/** The state of {@link alternating}: the shared models, and each player's optimizer state. */
export interface Alternating<P, S, Name extends string> {
  readonly params: P;
  readonly layerState: S;
  readonly optimizerStates: { readonly [K in Name]: Tree<Tensor> };
}

/** Players by name. The names prefix their metrics, as in `judge.loss`. */
type Players<R extends Columns, P, S, Name extends string> = {
  readonly [K in Name]: Learner<R, Descending<P, S>>;
};

type Ratio = { readonly total: Expr; readonly count: Expr };

/** Combines the reports of all players. The loss is the sum of theirs. */
const combined = (reports: readonly Report[]): Report => {
  const summariesOf = (shard: number): readonly Exprs[] => {
    const each = reports.map(({ summaries }) => summaries[shard] ?? []);
    // The first summary of every learner is its loss.
    const losses = each.map(([loss]) => loss as Ratio);
    const total = losses.map((loss) => loss.total).reduce((a, b) => add(a, b));
    return [{ total, count: (losses[0] as Ratio).count }, ...each.flat()];
  };
  return {
    loss: reports.map(({ loss }) => loss).reduce((a, b) => add(a, b)),
    learningRate: reports[0]?.learningRate,
    summaries: (reports[0]?.summaries ?? []).map((_, shard) => summariesOf(shard)),
  };
};

/**
 * Trains shared models by several players in turn, each with its own loss, optimizer, and models to train. In each step
 * every player takes one step on the batch, in the order of `players`, and uses the models that the previous player
 * left.
 *
 * The players are objectives of the same models: a generator and the critic that judges it. The loss of the run is the
 * sum of theirs; `judge.loss` is that of the player `judge`.
 *
 * **Fails with** `InvalidArgument`, thrown, without players; `StructureMismatch`, when run, where a player has other
 * models than the first.
 * **Source** Goodfellow et al., "Generative adversarial nets" (2014), arXiv:1406.2661, algorithm 1 with k = 1.
 */
export const alternating = <R extends Columns, P, S, const Name extends string>(
  players: Players<R, P, S, Name>,
): Learner<R, Alternating<P, S, Name>> => {
  // From outside of TypeScript there may be none.
  const all = Object.entries<Learner<R, Descending<P, S>>>(players ?? {});
  const first = all[0]?.[1];
  if (first === undefined)
    throw new InvalidArgument({
      op: "alternating",
      argument: "players",
      expected: "one player or more",
      actual: "none",
    });
  const opened = (carried: unknown) => carried as Alternating<unknown, unknown, string>;
  /** The moment of a player, with keys that differ from those of other players. */
  const turn = <M extends Moment>(moment: M, i: number): M => ({
    ...moment,
    key: foldInKey(moment.key, i),
  });
  /** The carried tree as a player would carry it. */
  const asOf = (
    name: string,
    { optimizerStates, ...rest }: Alternating<unknown, unknown, string>,
  ) => ({
    ...rest,
    optimizerState: optimizerStates[name],
  });
  /** The params to evaluate with: where an optimizer of a player averages, the averages of what it trains. */
  const evaluated = (carried: unknown): unknown =>
    all.reduce((params, [name, { trained }]) => {
      const own = { ...opened(carried), params };
      return trained.get(asOf(name, own) as Descending<P, S>).params;
    }, opened(carried).params);
  /** The carried tree as any player would evaluate it, with averages in place already. */
  const asFirst = (carried: unknown): unknown => ({
    params: evaluated(carried),
    layerState: opened(carried).layerState,
    optimizerState: undefined,
  });
  return {
    name: "alternating",
    init: (key) => {
      const { params, layerState } = first.init(key);
      for (const [name, player] of all)
        replacedBy(`alternating: the player ${name}`, params, player.init(key).params);
      const states = all.map(([name, player]) => [name, player.init(key).optimizerState] as const);
      // One state for each name.
      const optimizerStates = Object.fromEntries(states) as { [K in Name]: Tree<Tensor> };
      return { params, layerState, optimizerStates };
    },
    step: (carried, batch, context) => {
      let { params, layerState } = opened(carried);
      const { optimizerStates } = opened(carried);
      const reports: Report[] = [];
      const states = all.map(([name, player], i) => {
        const own = { params, layerState, optimizerState: optimizerStates[name] };
        const made = player.step(own, batch, turn(context, i));
        // A player carries the same fields as `descending`.
        const next = made.carried as Descending<unknown, unknown>;
        ({ params, layerState } = next);
        reports.push(made.report);
        return [name, next.optimizerState] as const;
      });
      return {
        carried: { params, layerState, optimizerStates: Object.fromEntries(states) },
        report: combined(reports),
      };
    },
    evaluate: (carried, batch, moment) =>
      combined(
        all.map(([, player], i) => player.evaluate(asFirst(carried), batch, turn(moment, i))),
      ),
    metrics: [
      meanLoss,
      ...all.flatMap(([name, { metrics }]) =>
        metrics.map((metric) => ({ ...metric, name: `${name}.${metric.name}` })),
      ),
    ],
    trained: {
      get: (carried) => ({ params: evaluated(carried), state: opened(carried).layerState }),
      set: (carried, given) => {
        const own = opened(carried);
        const states = all.map(([name, { trained }]) => {
          const next = trained.set(asOf(name, own) as Descending<P, S>, given);
          return [name, (next as Descending<unknown, unknown>).optimizerState] as const;
        });
        return {
          params: given.params,
          layerState: given.state,
          optimizerStates: Object.fromEntries(states),
        };
      },
    },
    limits: all.flatMap(([, { limits }]) => limits),
    adjust: (change) => {
      const adjusted: [string, Learner<R, Descending<P, S>>][] = [];
      for (const [name, player] of all) {
        const made = player.adjust(change);
        if (isLeft(made)) return made;
        adjusted.push([name, made.right]);
      }
      // The same names.
      return right(alternating(Object.fromEntries(adjusted) as Players<R, P, S, Name>));
    },
    describe: first.describe,
    ...predictingAt(first, asFirst),
  };
};
