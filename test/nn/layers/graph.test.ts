import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backend/compile.ts";
import { Backend } from "../../../src/backend/index.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { open } from "../../../src/nn/apply.ts";
import type { Graph } from "../../../src/nn/functional/graph.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { graphAttention } from "../../../src/nn/layers/graph/graphAttention.ts";
import { graphConvolution } from "../../../src/nn/layers/graph/graphConvolution.ts";
import { messagePassing } from "../../../src/nn/layers/graph/messagePassing.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import { applied, constants, contextOf, gradientOf, numbers, valueOf } from "../evaluated.ts";

const x = normal(key(1), [3, 2]);
const layers = {
  graphConvolution: graphConvolution(2, 2),
  "graphConvolution without loops": graphConvolution(2, 2, { selfLoops: false }),
  graphAttention: graphAttention(2, 2),
  "graphAttention without loops": graphAttention(2, 2, { selfLoops: false }),
  "messagePassing by sums": messagePassing(dense(4, 3), dense(5, 2)),
  "messagePassing by maxima": messagePassing(dense(4, 3), dense(5, 2), { aggregate: "max" }),
} as const;

const pairs = (...edges: readonly (readonly [number, number])[]) =>
  tensor([edges.map(([from]) => from), edges.map(([, to]) => to)], "i32");

interface OnGraphs {
  readonly init: AnyLayer["init"];
  readonly over: (graph: Graph) => AnyLayer;
}

describe.each(Object.entries<OnGraphs>(layers))("%s", (_, layer) => {
  const on = (graph: Graph) => numbers(applied(layer.over(graph), x, "eval", 3));
  const { params, state } = layer.init(key(3));
  const alone = on({ edges: pairs([-1, -1]) });

  it.each<readonly [string, readonly [number, number], string]>([
    ["a target that is no node", [0, 3], "the target of edge 1 is 3"],
    ["a source that is no node", [7, 2], "the source of edge 1 is 7"],
    ["an end below -1", [0, -2], "the target of edge 1 is -2"],
  ])("refuses %s where edges are known", (_, edge, said) => {
    const over = layer.over({ edges: pairs([0, 1], edge) });
    expect(() => applied(over, x)).toThrow(
      expect.objectContaining({
        _tag: "InvalidArgument",
        message: expect.stringContaining(said),
      }),
    );
  });

  it("ignores edges of no node where a program computes them", () => {
    const strange = pairs([0, 3], [-7, 1], [2, 2 ** 31 - 1]);
    const y = valueOf(
      (e: Expr, edges: Expr) =>
        open(layer.over({ edges })).apply(
          constants(params),
          constants(state),
          e,
          contextOf("eval"),
        )[0],
      x,
      strange,
    );
    expect(numbers(y)).toEqual(alone);
  });

  it("takes a graph without edges, which changes nothing", () => {
    expect(on({ edges: zeros([2, 0]).cast("i32") })).toEqual(alone);
    on({ adjacency: zeros([3, 3]) }).forEach((v, i) => {
      expect(v).toBeCloseTo(alone[i] as number, 6);
    });
  });

  it("has finite gradients at nodes that are alone, and none beyond an edge", () => {
    const { over } = layer;
    const slopes = gradientOf((e: Expr) =>
      sum(
        open(over({ edges: pairs([0, 1], [-1, 2]) })).apply(
          constants(params),
          constants(state),
          e,
          contextOf("eval"),
        )[0],
      ),
    );
    const at = valueOf((e: Expr) => slopes(e), x);
    expect(numbers(at).every(Number.isFinite)).toBe(true);
  });

  it("reports a graph that does not fit", () => {
    const misfits: readonly (readonly [Graph, shown: string])[] = [
      [{ edges: zeros([3, 4]).cast("i32") }, "[3, 4]"],
      [{ edges: zeros([2, 4]) }, "[2, 4]"],
      // Either may be wrong: both are shown.
      [{ adjacency: zeros([2, 3]) }, "[3, 2] and [2, 3]"],
      [{ adjacency: zeros([4, 4]) }, "[3, 2] and [4, 4]"],
    ];
    for (const [graph, shown] of misfits) {
      const own = open(layer.over(graph));
      const compiled = compile(
        (e: Expr) => own.apply(constants(params), constants(state), e, contextOf("eval"))[0],
        [x],
      );
      const made = Effect.runSync(Effect.result(Effect.provide(compiled, Backend.layerReference)));
      expect(Result.isFailure(made) && String(made.failure)).toContain("ShapeMismatch");
      expect(Result.isFailure(made) && String(made.failure)).toContain(shown);
    }
  });
});

it("attention is not moved by the size of scores, and NaN of one node stays among its neighbors", () => {
  const layer = graphAttention(1, 1, { bias: false });
  const graph = { edges: pairs([0, 1], [2, 1]) };
  const y = (...rows: readonly number[]) =>
    numbers(
      valueOf(
        (e: Expr) =>
          open(layer.over(graph)).apply(
            {
              weight: constant(tensor([[1]])),
              source: constant(tensor([[100]])),
              target: constant(tensor([[-50]])),
            },
            undefined,
            e,
            contextOf("eval"),
          )[0],
        tensor(rows.map((v) => [v])),
      ),
    );
  expect(y(1e4, 2e4, 3e4)).toEqual([1e4, 3e4, 3e4]);
  expect(y(Number.NaN, 1, 2)).toEqual([Number.NaN, Number.NaN, 2]);
});
