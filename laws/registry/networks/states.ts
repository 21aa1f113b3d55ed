import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { add } from "../../../src/ir/ops/elementwise.ts";
import * as combinators from "../../../src/nn/combinators/containers.ts";
import * as adapters from "../../../src/nn/combinators/lora.ts";
import * as sequences from "../../../src/nn/combinators/overTime.ts";
import * as weights from "../../../src/nn/combinators/parametrize.ts";
import * as chains from "../../../src/nn/combinators/sequential.ts";
import * as connections from "../../../src/nn/combinators/skip.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import * as embeddings from "../../../src/nn/layers/embedding.ts";
import { lambda } from "../../../src/nn/layers/lambda.ts";
import * as experts from "../../../src/nn/layers/moe.ts";
import * as pools from "../../../src/nn/layers/spatial/pool.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import {
  type Meaning,
  type Row,
  type Rows,
  ran,
  running,
  type StateCase,
} from "../../networks/states.ts";

/** The functions of a module that take a layer and carry its state. */
type Table<Name extends string> = { readonly [N in Name]: Omit<StateCase, "name"> };
type Carrying =
  | keyof typeof combinators
  | Exclude<keyof typeof chains, "identity">
  | keyof typeof connections
  | keyof typeof adapters
  | keyof typeof weights
  | "timeDistributed"
  | "masked"
  | "mixtureOfExperts"
  | "tiedEmbedding"
  | "maxUnpool";

const vector = [2];
const sequence = [4, 2];

/** The expected state of a combinator that passes on the inner layer's state. */
const asItIs: Meaning = ([s = []], batch) => {
  const [outputs, next] = ran(s, batch);
  return { outputs, states: [next] };
};
/** For combinators that transform the outputs, which other laws check. */
const stateOnly: Meaning = (states, batch) => ({ states: asItIs(states, batch).states });

/** The expected results of a layer whose state stays fixed. */
const held: Meaning = ([s = []], batch) => ({ outputs: ran(s, batch)[0], states: [s] });

/** Uses one after the other: each with its own state, or with the state that the previous use left. */
const inTurn = (states: Rows, batch: readonly Rows[]) => {
  let xs = batch;
  const next = states.map((s) => {
    const [outputs, after] = ran(s, xs);
    xs = outputs;
    return after;
  });
  return { outputs: xs, states: next };
};

/** Position `t` of every example, as a batch; and the inverse. */
const at = (batch: readonly Rows[], t: number): readonly Rows[] =>
  batch.map((rows) => [rows[t] as Row]);
const joined = (parts: readonly (readonly Rows[])[]): readonly Rows[] =>
  (parts[0] ?? []).map((_, example) => parts.map((part) => part[example]?.[0] as Row));

const double = lambda("double", (x: Expr) => add(x, x));
const both = chains.sequential as (...layers: readonly Composable[]) => Composable;
const plain = (layer: Composable, shape: Shape = vector, meaning = asItIs) => ({
  layer,
  shape,
  meaning,
});

/** Every combinator around {@link running}, whose state records its inputs. A missing one does not compile. */
const table: Table<Carrying> = {
  named: plain(combinators.named("other", running)),
  frozen: plain(combinators.frozen(running), vector, held),
  remat: plain(combinators.remat(running)),
  weightNorm: plain(weights.weightNorm(running)),
  // The rows of its state: the weight that is adapted, and the state of the layer before it.
  lora: plain(
    adapters.lora(both(running, dense(2, 2, { bias: false })), { rank: 1 }),
    vector,
    ([w = [], v = [], s = []], batch) => ({ states: [w, v, ran(s, batch)[1]] }),
  ),
  spectralNorm: plain(weights.spectralNorm(running)),
  masked: plain(
    sequences.masked(() => constant(tensor([true, true, true, true])), running),
    sequence,
  ),
  sequential: {
    layer: both(running, double, running),
    shape: sequence,
    meaning: ([s = [], r = []], batch) => {
      const [first, after] = ran(s, batch);
      const [outputs, last] = ran(
        r,
        first.map((rows) => rows.map((row) => row.map((x) => 2 * x))),
      );
      return { outputs, states: [after, last] };
    },
  },
  andThen: plain(
    (chains.andThen as (...layers: readonly Composable[]) => Composable)(running, running),
    vector,
    inTurn,
  ),
  residual: plain(connections.residual(running), vector, ([s = []], batch) => {
    const [made, next] = ran(s, batch);
    const outputs = made.map((rows, e) =>
      rows.map((row, p) => row.map((y, i) => y + (batch[e]?.[p]?.[i] as number))),
    );
    return { outputs, states: [next] };
  }),
  skipConcat: plain(connections.skipConcat(running), vector, ([s = []], batch) => {
    const [made, next] = ran(s, batch);
    const outputs = made.map((rows, e) => rows.map((row, p) => [...(batch[e]?.[p] ?? []), ...row]));
    return { outputs, states: [next] };
  }),
  repeat: plain(combinators.repeat(3, running), vector, inTurn),
  shared: plain(combinators.shared(3, running), vector, ([s = []], batch) => {
    let [xs, state] = [batch, s];
    for (let i = 0; i < 3; i++) [xs, state] = ran(state, xs);
    return { outputs: xs, states: [state] };
  }),
  scanLayer: plain(combinators.scanLayer(running), sequence, ([s = []], batch) => {
    let state = s;
    const parts = (batch[0] ?? []).map((_, t) => {
      const [outputs, next] = ran(state, at(batch, t));
      state = next;
      return outputs;
    });
    return { outputs: joined(parts), states: [state] };
  }),
  // All time steps of all examples form one batch.
  timeDistributed: plain(sequences.timeDistributed(running), sequence),
  parallel: plain(combinators.parallel(running, running, running), [3, 2], (states, batch) => {
    const made = states.map((s, i) => ran(s, at(batch, i)));
    return { outputs: joined(made.map(([y]) => y)), states: made.map(([, next]) => next) };
  }),
  fanout: plain(combinators.fanout(running, running), vector, (states, batch) => {
    const made = states.map((s) => ran(s, batch));
    const outputs = batch.map((rows, e) =>
      rows.map((_, p) => made.flatMap(([y]) => y[e]?.[p] as Row)),
    );
    return { outputs, states: made.map(([, next]) => next) };
  }),
  mixtureOfExperts: plain(
    experts.mixtureOfExperts(2, running, { experts: 3, k: 1 }),
    vector,
    (states, batch) => ({ states: states.map((s) => ran(s, batch)[1]) }),
  ),
  maxUnpool: plain(pools.maxUnpool(2, running), sequence, ([s = []], batch) => ({
    states: [
      ran(
        s,
        batch.map((rows) =>
          [0, 2].map((t) =>
            (rows[t] as Row).map((x, i) => Math.max(x, rows[t + 1]?.[i] as number)),
          ),
        ),
      )[1],
    ],
  })),
  tiedEmbedding: plain(
    both(
      lambda("tokens", () => constant(tensor([0, 1, 0], "i32"))),
      embeddings.tiedEmbedding(2, 2, running, {
        // As many numbers as the table needs.
        tableInit: () =>
          tensor([
            [1, 2],
            [3, 5],
          ]) as never,
      }),
    ),
    vector,
    ([s = []], batch) => ({
      states: stateOnly(
        [s],
        batch.map(() => [
          [1, 2],
          [3, 5],
          [1, 2],
        ]),
      ).states,
    }),
  ),
};

/** Every combinator around a layer with state. */
export const stateCases: readonly StateCase[] = Object.entries(table).map(([name, each]) => ({
  name,
  ...each,
}));
