import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isRight } from "fp-ts/lib/Either.js";
import { lastValueFrom } from "rxjs";
import { describe, expect, test } from "vitest";
import { fromRawCodec } from "../../src/codec/fromRaw.ts";
import {
  afterwards,
  type FittedStage,
  fitTable,
  fromRecord,
  imputer,
  jsonLinesTable,
  minMaxScaler,
  type Preprocessor,
  prepare,
  quantileScaler,
  robustScaler,
  standardScaler,
  tableDataset,
  whitener,
} from "../../src/data/index.ts";
import {
  dataset,
  dense,
  meanSquaredError,
  pipeline,
  sgd,
  supervised,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.ts";
import { inputsIn, trainIn$ } from "../../src/train/index.ts";

type Table = readonly (readonly number[])[];

type Made =
  | "x"
  | "new"
  | "standard"
  | "minMax"
  | "robust"
  | "uniform"
  | "normal"
  | "pca"
  | "zca"
  | "one-hot";

interface Vectors {
  readonly words: readonly string[];
  readonly values: Table;
}

/** What scikit-learn made; `fitted.py` makes it. */
const scikit = JSON.parse(readFileSync(new URL("./fitted.json", import.meta.url), "utf8")) as {
  readonly [K in Made]: Table;
} & {
  readonly holes: readonly (readonly (number | null)[])[];
  readonly imputed: { readonly [by in "mean" | "median" | "most_frequent"]: Table };
  readonly texts: readonly string[];
  readonly counts: Vectors;
  readonly tfidf: Vectors;
};

const columnOf = (rows: Table) => dataset({ x: tensor(rows, "f64") });
const train = columnOf(scikit.x);
const close = (made: Tensor, expected: Table, digits = 6): void => {
  const flat = expected.flat();
  expect(made.size).toBe(flat.length);
  for (const [i, x] of flat.entries()) expect(made.toTypedArray()[i]).toBeCloseTo(x, digits);
};

const all = {
  standard: standardScaler.fit(train, "x"),
  minMax: minMaxScaler.fit(train, "x"),
  robust: robustScaler.fit(train, "x"),
  uniform: quantileScaler.fit(train, "x", { quantiles: 11 }),
  normal: quantileScaler.fit(train, "x", { output: "normal" }),
  zca: whitener.fit(train, "x", { by: "zca" }),
} as const;

describe("as scikit-learn", () => {
  test.each(Object.entries(all))("%s", (name, fitted) => {
    close(fitted.apply(columnOf(scikit.new)).all().x, scikit[name as keyof typeof all]);
  });

  test("pca, but for the signs of directions", () => {
    const made = whitener.fit(train, "x").apply(columnOf(scikit.new)).all().x;
    expect(Array.from(made.toTypedArray(), Math.abs)).toEqual(
      scikit.pca.flat().map((x) => expect.closeTo(x, 5)),
    );
  });

  test.each([
    ["mean", "mean"],
    ["median", "median"],
    ["mostFrequent", "most_frequent"],
  ] as const)("imputed by %s", (by, strategy) => {
    const holes = columnOf(scikit.holes.map((row) => row.map((x) => x ?? Number.NaN)));
    close(imputer.fit(holes, "x", { by }).apply(holes).all().x, scikit.imputed[strategy]);
  });

  test.each(["counts", "tfidf"] as const)("texts by %s", async (as) => {
    const lines = scikit.texts.map((text) => JSON.stringify({ text })).join("\n");
    const table = jsonLinesTable(new TextEncoder().encode(lines));
    const schema = {
      columns: { x: [{ field: "text", type: "text", as, fill: { constant: "" } }] },
    } as const;
    const fitted = await Effect.runPromise(fitTable(table, { missing: [], ...schema }));
    const made = (await Effect.runPromise(tableDataset(table, fitted))).all().x;
    const [of] = fitted.columns.x.fields;
    if (of?.type !== "text") throw new Error("no text");
    const { words, values } = scikit[as];
    expect([...of.vocabulary.tokens].sort()).toEqual([...words].sort());
    for (const [i, row] of values.entries())
      for (const [j, x] of row.entries()) {
        const place = of.vocabulary.indexOf(words[j] as string) ?? -1;
        expect(made.toTypedArray()[i * words.length + place]).toBeCloseTo(x, 6);
      }
  });

  test("classes as ones in their places", async () => {
    const lines = ["b", "a", "c", "b"].map((kind) => JSON.stringify({ kind })).join("\n");
    const table = jsonLinesTable(new TextEncoder().encode(lines));
    const columns = { x: [{ field: "kind", type: "category" }] } as const;
    const fitted = await Effect.runPromise(fitTable(table, { columns }));
    close((await Effect.runPromise(tableDataset(table, fitted))).all().x, scikit["one-hot"]);
  });
});

test("whitened features are uncorrelated, each of variance 1", () => {
  for (const by of ["pca", "zca"] as const) {
    const y = whitener.fit(train, "x", { by }).apply(train).all().x.toTypedArray();
    const n = y.length / 3;
    for (let j = 0; j < 3; j++)
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += (y[3 * i + j] as number) * (y[3 * i + k] as number);
        expect(sum / (n - 1)).toBeCloseTo(j === k ? 1 : 0, 6);
      }
  }
  // Fewer directions: those of the largest variance.
  const two = whitener.fit(train, "x", { outputs: 2 }).apply(train);
  expect(two.all().x.shape).toEqual([40, 2]);
});

describe("what was fitted travels with the model", () => {
  const stages: readonly (FittedStage | Preprocessor<string>)[] = [
    imputer.fit(train, "x"),
    all.robust,
    whitener.fit(train, "x", { outputs: 2 }),
  ];

  test("as JSON, and does the same to a record as to the training data", () => {
    const from = afterwards(fromRecord(["a", "b", "c"]), ...stages);
    const written = JSON.parse(JSON.stringify(fromRawCodec.encode(from)));
    const read = fromRawCodec.decode(written);
    if (!isRight(read)) throw new Error("refused");
    expect(fromRawCodec.encode(read.right)).toEqual(fromRawCodec.encode(from));
    const [a, b, c] = scikit.new[0] as readonly number[];
    const made = prepare("x", read.right, { a: a ?? 0, b: b ?? 0, c: c ?? 0 });
    const rows = stages.reduce<typeof train>(
      (rows, stage) => stage.apply(rows),
      columnOf(scikit.new),
    );
    if (!isRight(made)) throw made.left;
    const expected = rows.all().x.toTypedArray();
    expect(made.right.shape).toEqual([2]);
    for (const i of [0, 1])
      expect(made.right.toTypedArray()[i]).toBeCloseTo(expected[i] as number, 5);
  });

  test("and with the run, in its folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fluxion-inputs-"));
    const inputs = { x: afterwards(fromRecord(["a", "b", "c"]), ...stages) };
    const rows = stages.reduce<typeof train>((all, stage) => stage.apply(all), train);
    const of = pipeline(
      "fitted",
      Effect.succeed({
        train: dataset({ x: rows.all().x.cast("f32"), y: zeros([40, 1]) }),
        inputs,
      }),
      supervised({
        ...{ input: "x", target: "y", model: dense(2, 1), loss: meanSquaredError },
        optimizer: sgd({ learningRate: 0.1 }),
      }),
    );
    await lastValueFrom(trainIn$(of, { folder }));
    const kept = await Effect.runPromise(inputsIn(folder));
    expect(kept.inputs.x && fromRawCodec.encode(kept.inputs.x)).toEqual(
      fromRawCodec.encode(inputs.x),
    );
    await rm(folder, { recursive: true });
  });

  test("and is refused where it does not fit", () => {
    expect(() => afterwards(fromRecord(["a", "b"]), all.robust)).toThrow(
      expect.objectContaining({ _tag: "ShapeMismatch" }),
    );
    const from = afterwards(fromRecord(["a", "b", "c"]), all.uniform);
    const written = JSON.parse(JSON.stringify(fromRawCodec.encode(from)));
    written.stages[0].quantiles.shape = [33];
    expect(isRight(fromRawCodec.decode(written))).toBe(false);
  });
});
