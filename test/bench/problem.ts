import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A named array: row-major, little-endian. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

/**
 * The common start of all contenders: initial weights, data and the order of the batches, or the operands of a kernel.
 * Names and layouts belong to no framework: matrices are `[in, out]`, kernels of convolutions `[height, width, in,
 * out]`, and images have their channels last.
 */
export interface Problem {
  readonly arrays: { readonly [name: string]: NamedArray };
  readonly numbers: { readonly [name: string]: number };
}

interface Manifest {
  readonly arrays: {
    readonly [name: string]: { readonly shape: readonly number[]; readonly dtype: "f32" | "i32" };
  };
  readonly numbers: { readonly [name: string]: number };
}

/** Writes a problem to a folder: `problem.json`, and one binary file per array. */
export const writeProblem = (folder: string, { arrays, numbers }: Problem): void => {
  const entries = Object.entries(arrays);
  const manifest: Manifest = {
    arrays: Object.fromEntries(
      entries.map(([name, { shape, data }]) => [
        name,
        { shape, dtype: data instanceof Float32Array ? "f32" : "i32" },
      ]),
    ),
    numbers,
  };
  for (const [name, { data }] of entries)
    writeFileSync(
      join(folder, `${name}.bin`),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  writeFileSync(join(folder, "problem.json"), JSON.stringify(manifest));
};

export const readProblem = (folder: string): Problem => {
  const manifest = JSON.parse(readFileSync(join(folder, "problem.json"), "utf8")) as Manifest;
  const arrays = Object.entries(manifest.arrays).map(([name, { shape, dtype }]) => {
    const bytes = readFileSync(join(folder, `${name}.bin`));
    // A file may be read into the middle of a larger buffer.
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const data = dtype === "f32" ? new Float32Array(buffer) : new Int32Array(buffer);
    return [name, { shape, data }] as const;
  });
  return { arrays: Object.fromEntries(arrays), numbers: manifest.numbers };
};

/** An array of a problem. Throws if the problem has no such array. */
export const arrayOf = (problem: Problem, name: string): NamedArray => {
  const found = problem.arrays[name];
  if (found === undefined) throw new Error(`the problem has no array ${name}`);
  return found;
};

/** The rows of step `step`; the order of the problem repeats. */
export const rowsOf = (problem: Problem, step: number): Int32Array => {
  const { shape, data } = arrayOf(problem, "order");
  const [steps = 1, size = 1] = shape;
  const at = (step % steps) * size;
  return (data as Int32Array).subarray(at, at + size);
};
