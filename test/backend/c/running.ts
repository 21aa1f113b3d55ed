import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cText } from "../../../src/backend/c/index.ts";
import type { Program } from "../../../src/ir/expr.ts";
import { bytesPerElement, type Dtype, type Storage } from "../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

/** Compiles the C text of programs with the C compiler of this machine, and runs it. */

/** Whether this machine has a C compiler under its usual name. */
export const hasCompiler = spawnSync("cc", ["--version"]).status === 0;

/** A program with its inputs; the first inputs are state. */
export interface Case {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
  readonly carried?: number;
}

const bytesIn = ({ shape, dtype }: Tensor | Program["outputs"][number]): number =>
  sizeOf(shape) * bytesPerElement(dtype);

/** A main function that runs programs one after the other: their inputs come in, their outputs go out. */
const mainText = (cases: readonly Case[]): string => {
  const blocks = cases.map(({ program }, n) => {
    const name = `p${n}`;
    const each = (of: "inputs" | "outputs", call: string): readonly string[] =>
      program[of].map(
        (x, i) => `    ${call}(memory + ${name}_${of}[${i}], 1, ${bytesIn(x)}, std);`,
      );
    return [
      `extern const size_t ${name}_bytes, ${name}_inputs[], ${name}_outputs[];`,
      `void ${name}(unsigned char *memory);`,
      `static void run_${name}(void) {`,
      `  unsigned char *const block = calloc(${name}_bytes + 64, 1);`,
      "  unsigned char *const memory = block + (64 - (uintptr_t)block % 64);",
      ...each("inputs", "fread").map((line) => line.replace("std", "stdin")),
      `  ${name}(memory);`,
      ...each("outputs", "fwrite").map((line) => line.replace("std", "stdout")),
      "  free(block);",
      "}",
    ];
  });
  return [
    ...["stdint", "stdio", "stdlib"].map((header) => `#include <${header}.h>`),
    ...blocks.flat(),
    "int main(void) {",
    ...cases.map((_, n) => `  run_p${n}();`),
    "  return 0;",
    "}",
    "",
  ].join("\n");
};

const arrays: { readonly [D in Dtype]: new (bytes: ArrayBuffer) => Storage } = {
  f32: Float32Array,
  f64: Float64Array,
  // No program in C touches halves.
  f16: Float32Array,
  bf16: Float32Array,
  i32: Int32Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

/** The outputs of programs, as C computes them. */
export const runInC = (cases: readonly Case[]): readonly (readonly Tensor[])[] => {
  const folder = mkdtempSync(join(tmpdir(), "fluxion-c-"));
  try {
    const files = cases.map(({ program, carried }, n) => {
      const file = join(folder, `p${n}.c`);
      writeFileSync(file, cText(program, `p${n}`, carried));
      return file;
    });
    const main = join(folder, "main.c");
    const executable = join(folder, "main");
    writeFileSync(main, mainText(cases));
    const flags = ["-std=c99", "-pedantic", "-Wall", "-Werror"];
    execFileSync("cc", [...flags, "-o", executable, main, ...files, "-lm"], { stdio: "pipe" });
    const input = Buffer.concat(
      cases.flatMap(({ inputs }) =>
        inputs.map((x) => {
          const { buffer, byteOffset, byteLength } = Tensor.read(x);
          return Buffer.from(buffer, byteOffset, byteLength);
        }),
      ),
    );
    const output = execFileSync(executable, { input, maxBuffer: 2 ** 28 });
    let at = 0;
    return cases.map(({ program }) =>
      program.outputs.map((x) => {
        const own = Uint8Array.from(output.subarray(at, at + bytesIn(x)));
        at += own.length;
        return Tensor.own(x.shape, x.dtype, new arrays[x.dtype](own.buffer));
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};
