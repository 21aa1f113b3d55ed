import { isLeft } from "fp-ts/lib/Either.js";
import { expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import { knownLayersOf } from "../../laws/networks/knownLayers.ts";
import { knownGraphs } from "../../laws/registry/graphs/known.ts";
import { knownLayers, knownSpatial } from "../../laws/registry/known/layers.ts";
import { knownSequences } from "../../laws/registry/known/sequences.ts";
import { knownPorted } from "../../laws/registry/ported/known.ts";
import { type Known, knownValue } from "../../laws/values/known.ts";
import { holds } from "../../laws/vitest.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { reverse } from "../../src/ir/ops/structural.ts";

const values = [
  ...knownLayersOf(knownLayers),
  ...knownLayersOf(knownSpatial),
  ...knownLayersOf(knownSequences),
  ...knownLayersOf(knownPorted),
  ...knownLayersOf(knownGraphs),
];

holds([knownValue()], values, { runs: 1 });

/** Reverses weights along an axis, which swaps gates or flips a kernel. */
test.each([
  ["conv1d", 0],
  ["conv2d", 1],
  ["depthwiseConv1d", 0],
  ["bilinear", 1],
  ["einsumDense", 0],
  ["adaptiveLogSoftmax", 1],
  ["convLstm1d", 2],
  ["rnn", 1],
  ["lstm", 1],
  ["gru", 1],
  ["layerNorm", 0],
  ["maxout", 1],
  ["multiHeadAttention", 1],
] as const)("%s with weights in reverse order along axis %i is caught", (name, axis) => {
  const right = values.find((value) => value.name === name) as Known & { readonly name: string };
  const rank = name === "layerNorm" ? 1 : 2;
  const turned = (w: Expr): Expr => (w.shape.length >= rank ? reverse(w, [axis]) : w);
  const apply: Known["apply"] = (x, ...params) => right.apply(x as Expr, ...params.map(turned));
  expect(isLeft(check(knownValue(), { ...right, apply }))).toBe(true);
});
