import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { Backend } from "../../src/backend/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Program } from "../../src/ir/expr.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Ground, mistakeIn } from "./check.ts";
import { table } from "./table.ts";
import { NotHad, readGolden, type Sample } from "./torch.ts";

const samples = readGolden<Sample>("torch-ops-f64.jsonl.gz");

/** Where PyTorch 1.13 itself computes in f64 with a constant that it has rounded to f32. */
const roundedByPyTorch: { readonly [op: string]: string } = {
  "nn.functional.hardsigmoid": "the 1/6 of its derivative",
  "linalg.vector_norm": "an order that is no whole number",
};
const roundingOfF32 = 1e-7;

/**
 * Operations of whose outputs the file has other gradients than of the sum it states: PyTorch's own tests
 * differentiate what depends on no choice of signs. `gauge.test.ts` says of which, and compares these.
 */
const differentiatedElsewhere: ReadonlySet<string> = new Set(["svd", "linalg.svd"]);

const reference: Ground = { float: "f64", tolerance: 1e-9, run };

const onWasm = (program: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
  Effect.runSync(
    Effect.provide(
      Effect.flatMap(Backend, (backend) => backend.compile(program)),
      Backend.layerWasm,
    ),
  ).run(inputs);
const wasm: Ground = { float: "f32", tolerance: 1e-4, run: onWasm };

const groups = new Map<string, readonly Sample[]>();
for (const sample of samples ?? [])
  groups.set(sample.op, [...(groups.get(sample.op) ?? []), sample]);

/** What became of each operation's samples. */
interface Tally {
  readonly checked: number;
  readonly left: readonly string[];
}
const tallies = new Map<string, Tally>();

const checkAll = (op: string, ground: Ground, tally: (t: Tally) => void): readonly string[] => {
  const entry = table[op];
  if (entry === undefined) return [];
  const left: string[] = [];
  const wrong: string[] = [];
  let checked = 0;
  for (const sample of groups.get(op) ?? []) {
    try {
      const tolerance = Math.max(ground.tolerance, op in roundedByPyTorch ? roundingOfF32 : 0);
      const mistake = mistakeIn(
        differentiatedElsewhere.has(op) ? { ...sample, grads: [] } : sample,
        entry,
        { ...ground, tolerance },
      );
      if (mistake !== undefined) wrong.push(`sample ${sample.i}: ${mistake}`);
      checked++;
    } catch (error) {
      if (!(error instanceof NotHad)) throw error;
      left.push(error.message);
    }
  }
  tally({ checked, left });
  return wrong;
};

const names = [...groups.keys()];
const covered = names.filter((op) => table[op] !== undefined);

describe.skipIf(samples === undefined)("operations beside PyTorch's", () => {
  it.each(covered)("%s: value and gradient in f64", (op) => {
    expect(checkAll(op, reference, (tally) => tallies.set(op, tally))).toEqual([]);
  });

  it.each(covered)("%s: value and gradient in f32, compiled to WebAssembly", (op) => {
    expect(checkAll(op, wasm, () => {})).toEqual([]);
  });

  it("says what is covered and what is left out", () => {
    const checked = [...tallies.values()].reduce((n, t) => n + t.checked, 0);
    const partly = [...tallies].filter(([, t]) => t.left.length > 0);
    const missing = names.filter((op) => table[op] === undefined);
    console.log(
      [
        `${covered.length} of ${names.length} operations are covered, by ${checked} samples:`,
        `  ${covered.join(", ")}`,
        `left out in part, ${partly.length}:`,
        ...partly.map(([op, t]) => `  ${op}: ${[...new Set(t.left)].join("; ")}`),
        "held to 1e-7 only, for PyTorch itself has rounded to f32:",
        ...Object.entries(roundedByPyTorch).map(([op, what]) => `  ${op}: ${what}`),
        `left out, ${missing.length}, for the framework has none of them:`,
        `  ${missing.join(", ")}`,
      ].join("\n"),
    );
    expect(covered.length).toBeGreaterThan(100);
  });

  it("has no entry for an operation that is not there", () => {
    expect(Object.keys(table).filter((op) => !groups.has(op))).toEqual([]);
  });
});

if (samples === undefined) console.log("No golden files beside the repository: nothing compared.");
