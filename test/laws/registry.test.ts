import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { primitives } from "../../laws/registry/primitives/index.ts";
import { typing } from "../../src/ir/types/rules.ts";

const modulesOf = (room: string): readonly string[] =>
  readdirSync(fileURLToPath(new URL(`../../src/${room}`, import.meta.url)), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "index.ts")
    .map(({ name }) => name.replace(/\.ts$/, ""))
    .sort();

/**
 * The registries are typed by the exports of modules, so that an export that is not registered does not
 * compile. These rooms are registered, but for the modules named here: they define no layer, loss, metric or
 * optimizer, but what these are made with.
 */
const others: { readonly [room: string]: readonly string[] } = {
  "nn/layers": ["cells"],
  "nn/combinators": ["stack"],
  "nn/losses": ["pairing", "reduction"],
  "nn/metrics": ["metric"],
  optim: ["descent", "ema", "learningRate", "schedules"],
};

const registered: { readonly [room: string]: readonly string[] } = {
  "nn/layers": [
    ...["attention", "batchNorm", "conv", "dense", "dropout", "embedding", "feedForward", "gating"],
    ...["lambda", "moe", "norm", "pool", "recurrent", "resize", "transformerBlock"],
  ],
  "nn/combinators": ["containers", "overTime", "parametrize", "sequential", "skip"],
  "nn/losses": [
    ...["classification", "contrastive", "ctc", "probabilistic", "regression", "routing"],
    "segmentation",
  ],
  "nn/metrics": ["classification", "confusion", "regression"],
  optim: ["adam", "adaptive", "scaleBy", "sgd", "transformation", "transforms"],
};

describe.each(Object.keys(registered))("src/%s", (room) => {
  test("every module is under the laws, or has nothing for them", () => {
    const known = [...(registered[room] ?? []), ...(others[room] ?? [])].sort();
    expect(
      modulesOf(room),
      "enter what a new module exports in laws/registry (see networks/spatial.ts), then name it here",
    ).toEqual(known);
  });
});

test("every primitive is under the laws", () => {
  expect([...primitives].sort()).toEqual(Object.keys(typing).sort());
});
