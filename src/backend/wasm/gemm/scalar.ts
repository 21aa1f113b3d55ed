/**
 * Matrix products of f64 and i32, computed one element after another. Each sum follows the order of k, in parts if it
 * is long.
 */
import {
  type Body,
  type Code,
  f64,
  i32,
  type Local,
  type ModuleBuilder,
  type Operand,
  select,
} from "../assembler/index.ts";
import type { Gemm, GemmPart } from "./gemm.ts";
import type { Along, Part } from "./part.ts";
import type { GemmSpec } from "./spec.ts";

interface Arithmetic<T extends "f64" | "i32"> {
  readonly bytes: number;
  readonly zero: Code<T>;
  readonly load: (address: Code<"i32">) => Code<T>;
  readonly store: (address: Code<"i32">, value: Code<T>) => Code<"void">;
  readonly mul: (x: Code<T>, y: Code<T>) => Code<T>;
  readonly add: (x: Code<T>, y: Code<T>) => Code<T>;
}

/** Maximum products that one total adds up. A longer sum is a sum of such totals. */
const together = 512;

/** Writes the loops of a product: all of them, or those of a part. */
const loops =
  <T extends "f64" | "i32">({ bytes, zero, load, store, mul, add }: Arithmetic<T>) =>
  (spec: GemmSpec) =>
  (
    body: Body,
    [a, b, c]: readonly [Code<"i32">, Code<"i32">, Code<"i32">],
    part?: Part & { readonly along: Along },
  ): void => {
    const at = (base: Code<"i32">, ...terms: readonly (readonly [Code<"i32">, number])[]) =>
      terms.reduce<Code<"i32">>(
        (sum, [index, stride]) => i32.add(sum, i32.mul(index, stride * bytes)),
        base,
      );
    const { m, n, k, batch = { count: 1, a: 0, b: 0, c: 0 } } = spec;
    const of = (along: Along, count: number) =>
      part?.along === along ? part : { from: 0, to: count };
    const [members, rows] = [of("batch", batch.count), of("rows", m)];
    body.for(members.from, members.to, 1, (q) =>
      body.for(rows.from, rows.to, 1, (row) => {
        const line = body.let(at(a, [q, batch.a], [row, spec.a.row]));
        body.for(0, n, 1, (column) => {
          const top = body.let(at(b, [q, batch.b], [column, spec.b.column]));
          const address = body.let(at(c, [q, batch.c], [row, spec.c ?? n], [column, 1]));
          const value = body.let(spec.accumulate === true ? load(address) : zero);
          const grow = (total: Local<T>, term: Code<T>): void =>
            body.set(total, add(total, term) as Operand<T>); // code is an operand of its own type
          const some = (from: Operand<"i32">, to: Operand<"i32">, total: Local<T>): void =>
            body.for(from, to, 1, (l) => {
              const x = load(at(line, [l, spec.a.column]));
              const y = load(at(top, [l, spec.b.row]));
              grow(total, mul(x, y));
            });
          if (k <= together) some(0, k, value);
          else
            body.for(0, k, together, (l) => {
              const part = body.let(zero);
              const end = body.let(i32.add(l, together));
              some(l, body.let(select(end, i32.const(k), i32.lt_s(end, k))), part);
              grow(value, part);
            });
          body.do(store(address, value));
        });
      }),
    );
  };

const f64Loops = loops<"f64">({
  bytes: 8,
  zero: f64.const(0),
  load: f64.load,
  store: f64.store,
  mul: f64.mul,
  add: f64.add,
});

/** Whole numbers wrap around at 2³², as everywhere in WebAssembly. */
const i32Loops = loops<"i32">({
  bytes: 4,
  zero: i32.const(0),
  load: i32.load,
  store: i32.store,
  mul: i32.mul,
  add: i32.add,
});

/** Takes the scratch address without using it, so that all products have the same parameters. */
const product =
  <T extends "f64" | "i32">(write: ReturnType<typeof loops<T>>) =>
  (module: ModuleBuilder, name: string, spec: GemmSpec): Gemm =>
    module.func(name, ["i32", "i32", "i32", "i32"], "void", (body, a, b, c) =>
      write(spec)(body, [a, b, c]),
    );

const productPart =
  <T extends "f64" | "i32">(write: ReturnType<typeof loops<T>>) =>
  (module: ModuleBuilder, name: string, spec: GemmSpec, along: Along): GemmPart =>
    module.func(
      `${name} by ${along}`,
      ["i32", "i32", "i32", "i32", "i32", "i32"],
      "void",
      (body, a, b, c, _, from, to) => write(spec)(body, [a, b, c], { along, from, to }),
    );

export const gemmF64 = product(f64Loops);
export const gemmI32 = product(i32Loops);
export const gemmPartF64 = productPart(f64Loops);
export const gemmPartI32 = productPart(i32Loops);
