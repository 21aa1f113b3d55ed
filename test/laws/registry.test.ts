import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { primitives } from "../../laws/registry/primitives/index.ts";
import { typing } from "../../src/ir/types/rules.ts";

const modulesOf = (room: string): readonly string[] =>
  readdirSync(fileURLToPath(new URL(`../../src/${room}`, import.meta.url)), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "index.ts")
    .map(({ name }) => name.replace(/\.ts$/, ""))
    .sort();

/**
 * Registries are typed by the exports of modules, so that an unregistered export does not compile. All modules of these
 * rooms are registered, except those named here: they define no layer, loss, metric or optimizer, only parts of them.
 */
const others: { readonly [room: string]: readonly string[] } = {
  "nn/layers/recurrent": ["cells", "stacked"],
  "nn/combinators": ["stack"],
  "nn/losses": ["pairing", "reduction"],
  "nn/metrics": ["metric", "pairs"],
  "optim/schedules": ["arithmetic"],
  optim: ["descent", "ema", "learningRate", "lineSearch", "options", "scaling"],
};

const registered: { readonly [room: string]: readonly string[] } = {
  "nn/layers": [
    ...[
      "adaptiveLogSoftmax",
      "attention",
      "bilinear",
      "dense",
      "dropout",
      "einsumDense",
      "embedding",
      "embeddingBag",
    ],
    ...["feedForward", "gating", "lambda", "moe", "transformerBlock"],
  ],
  "nn/layers/normalization": ["batchNorm", "norm"],
  "nn/layers/graph": ["graphAttention", "graphConvolution", "messagePassing"],
  "nn/layers/recurrent": ["convLstm", "recurrent"],
  "nn/layers/spatial": ["conv", "fractionalPool", "pool", "resize"],
  "nn/combinators": ["containers", "lora", "overTime", "parametrize", "sequential", "skip"],
  "nn/losses": [
    ...[
      "classification",
      "contrastive",
      "ctc",
      "margins",
      "probabilistic",
      "regression",
      "routing",
    ],
    "segmentation",
  ],
  "nn/metrics": [
    ...["calibration", "classification", "confusion", "detection", "ranking", "regression"],
    ...["segmentation", "text"],
  ],
  optim: ["transformation"],
  "optim/optimizers": [
    ...["adam", "adaptive", "layerwise", "lbfgs", "matrices", "prodigy", "relatives"],
    ...["scheduleFree", "sgd", "sign"],
  ],
  "optim/schedules": ["cycles", "schedules"],
  "optim/transforms": [
    ...["adams", "averages", "curvature", "guards", "hyperparameters", "layerwise"],
    ...["matrices", "partition", "parts", "plateau", "recorded", "scaleBy", "signs"],
  ],
};

/** The index from which users import each folder of modules. */
const indices: { readonly [room: string]: string } = {
  "nn/layers": "nn",
  "nn/layers/normalization": "nn",
  "nn/layers/graph": "nn",
  "nn/layers/recurrent": "nn",
  "nn/layers/spatial": "nn",
  "nn/combinators": "nn",
  "optim/optimizers": "optim",
  "optim/schedules": "optim",
  "optim/transforms": "optim",
};
/** Exports for other folders of the package only. */
const inner = ["isKnown", "known", "around", "oneLabel", "optionsWithin"];

describe.each(Object.keys(registered))("src/%s", (room) => {
  test("what its modules export can be imported", async () => {
    const index = `../../src/${indices[room] ?? room}/index.ts`;
    const known = Object.keys(await import(index));
    for (const module of registered[room] ?? []) {
      const file = `src/${room}/${module}.ts`;
      const made = Object.keys(await import(/* @vite-ignore */ `../../${file}`));
      expect(
        made.filter((name) => !known.includes(name) && !inner.includes(name)),
        `export these of ${file} from ${index.slice(6)}`,
      ).toEqual([]);
    }
  });

  test("every module is registered, or has nothing to register", () => {
    const known = [...(registered[room] ?? []), ...(others[room] ?? [])].sort();
    expect(
      modulesOf(room),
      "register the exports of a new module in laws/registry (see networks/spatial.ts), then name it here",
    ).toEqual(known);
  });
});

test("every primitive is registered", () => {
  expect([...primitives].sort()).toEqual(Object.keys(typing).sort());
});
