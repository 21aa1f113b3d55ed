import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { primitives } from "../../laws/registry/primitives.ts";
import { typing } from "../../src/ir/typing.ts";

const modulesOf = (room: string): readonly string[] =>
  readdirSync(fileURLToPath(new URL(`../../src/${room}`, import.meta.url)))
    .map((file) => file.replace(/\.ts$/, ""))
    .sort();

/**
 * The registries are typed by the exports of modules, so that an export that is not registered does not
 * compile. Here is which modules those are; a new module belongs in one list or the other.
 */
const registered = {
  nn: [
    ...[
      "activations",
      "combinators",
      "confusion",
      "connections",
      "crossEntropy",
      "dense",
      "losses",
    ],
    ...["metrics", "pure", "sequential"],
    ...["convolution", "pooling", "resizing"],
    ...["attention", "balance", "batchNorm", "embedding", "feedForward"],
    ...["normalisation", "recurrent"],
    ...["contrastive", "ctc", "drops", "experts", "gating", "likelihoods", "reparameterised"],
    ...["sequences", "transformer"],
    // A folder, whose models the registries of models have.
    "models",
  ],
  optim: ["adam", "adaptive", "parts", "sgd", "transformation"],
} as const;

/** Modules that define no layer, loss, metric or optimizer, but what these are made with or described by. */
const others = {
  nn: [
    ...[
      "chainTypes",
      "compared",
      "convolutionTypes",
      "describe",
      "initializers",
      "layer",
      "lengths",
      "loss",
      "metric",
    ],
    ...["convolve", "gridSample", "pool", "resample", "windows", "within"],
    ...[
      "affine",
      "cells",
      "decoding",
      "digitTypes",
      "extentTypes",
      "headTypes",
      "scaledDotProduct",
      "scaleOffset",
      "seen",
      "stack",
    ],
  ],
  optim: ["learningRate", "moments", "schedules", "tree"],
} as const;

describe.each(["nn", "optim"] as const)("src/%s", (room) => {
  test("every module is under the laws, or has nothing for them", () => {
    const known: readonly string[] = [...registered[room], ...others[room]];
    const unknown = modulesOf(room).filter((module) => !known.includes(module));
    expect(
      unknown,
      "modules that no registry of laws/registry has: enter what they export (see spatial.ts), then name them here",
    ).toEqual([]);
    expect(known.filter((module) => !modulesOf(room).includes(module))).toEqual([]);
  });
});

test("every primitive is under the laws", () => {
  expect([...primitives].sort()).toEqual(Object.keys(typing).sort());
});
