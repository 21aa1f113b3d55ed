import { describe, expect, it } from "vitest";
import { asComputed, mistakeIn } from "./check.ts";
import { type Ground, reference, wasm } from "./grounds.ts";
import { table } from "./table.ts";
import { NotHad, readGolden, roundedToF32, type Sample, type Table } from "./torch.ts";

const samples = readGolden<Sample>("torch-ops-f64.jsonl.gz");

/**
 * Operations so steep near their poles that rounding an argument to f32 changes their value by more than 1e-4. They are
 * compared with the reference's results at the rounded arguments; in f64 the reference agrees with PyTorch.
 */
const steepInF32: ReadonlySet<string> = new Set([
  "polygamma.polygamma_n_1",
  "special.polygamma.special_polygamma_n_0",
]);

/** The reason for each operation that is not covered. */
const reasons: { readonly [op: string]: string } = {
  as_strided: "tensors are values without memory of their own, and have no strides",
  masked_select: "the result's shape depends on values, and shapes are known before a program runs",
  frexp: "bits of a float: no primitive takes a number apart",
  native_batch_norm: "returns the statistics of a kernel: the layer batchNorm has them as state",
  "nn.functional.multilabel_margin_loss":
    "lists of labels that end at the first -1: a mask says it",
};

/**
 * Operations for which the file has gradients of another function than the stated sum: PyTorch's own tests
 * differentiate functions that do not depend on signs. `gauge.test.ts` names those functions and compares their
 * gradients.
 */
const differentiatedElsewhere: ReadonlySet<string> = new Set(["svd", "linalg.svd"]);

const groups = new Map<string, readonly Sample[]>();
for (const sample of samples ?? [])
  groups.set(sample.op, [...(groups.get(sample.op) ?? []), sample]);

/** The results for each operation's samples. */
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
      const held = differentiatedElsewhere.has(op) ? { ...sample, grads: [] } : sample;
      const steep = ground.float === "f32" && steepInF32.has(op);
      const exact = steep ? asComputed(roundedToF32(held), entry, reference) : held;
      const mistake = mistakeIn(exact, entry, ground);
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
const missing = names.filter((op) => table[op] === undefined);

describe.skipIf(samples === undefined)("operations compared with PyTorch", () => {
  it.each(covered)("%s: value and gradient in f64", (op) => {
    expect(checkAll(op, reference, (tally) => tallies.set(op, tally))).toEqual([]);
  });

  it.each(covered)("%s: value and gradient in f32, compiled to WebAssembly", (op) => {
    expect(checkAll(op, wasm, () => {})).toEqual([]);
  });

  it.each([...steepInF32])(
    "%s: rounding the arguments changes the value by more than 1e-4",
    (op) => {
      const entry = table[op] as Table[string];
      const moved = (groups.get(op) ?? []).flatMap(
        (sample) => mistakeIn(roundedToF32(sample), entry, { ...reference, tolerance: 1e-4 }) ?? [],
      );
      expect(moved).not.toEqual([]);
    },
  );

  it("reports covered and omitted operations", () => {
    const checked = [...tallies.values()].reduce((n, t) => n + t.checked, 0);
    const partly = [...tallies].filter(([, t]) => t.left.length > 0);
    console.log(
      [
        `${covered.length} of ${names.length} operations are covered, by ${checked} samples:`,
        `  ${covered.join(", ")}`,
        `left out in part, ${partly.length}:`,
        ...partly.map(([op, t]) => `  ${op}: ${[...new Set(t.left)].join("; ")}`),
        `held in f32 to the values at rounded arguments, which are elsewhere: ${[...steepInF32].join(", ")}`,
        `left out, ${missing.length}:`,
        ...missing.map((op) => `  ${op}: ${reasons[op]}`),
      ].join("\n"),
    );
    expect(covered.length).toBeGreaterThan(100);
  });

  it("has a reason for every omitted operation, and for no other", () => {
    expect(Object.keys(reasons).sort()).toEqual([...missing].sort());
  });

  it("has no entry for an unknown operation", () => {
    expect(Object.keys(table).filter((op) => !groups.has(op))).toEqual([]);
  });
});

if (samples === undefined) console.log("No golden files beside the repository: nothing compared.");
