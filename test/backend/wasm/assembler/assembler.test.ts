import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  atomic,
  call,
  engine,
  f32,
  f32x4,
  f64,
  features,
  i32,
  i64,
  type ModuleBuilder,
  moduleBuilder,
  select,
  v128,
  type WasmExports,
  type WasmFunction,
  type WasmImport,
  type WasmMemory,
} from "../../../../src/backend/wasm/assembler/index.ts";

const assemble = (
  write: (module: ModuleBuilder) => void,
  imports: Readonly<Record<string, WasmImport>> = {},
): WasmExports => {
  const builder = moduleBuilder();
  write(builder);
  const bytes = builder.encode();
  expect(engine.validate(bytes)).toBe(true);
  return new engine.Instance(new engine.Module(bytes), { env: imports }).exports;
};

const fn = (exports: WasmExports, name: string): WasmFunction => exports[name] as WasmFunction;

describe("the assembler", () => {
  it("runs a vector loop over memory with a hoisted constant", () => {
    const exports = assemble((m) => {
      m.memory({ initial: 1 }, "memory");
      m.export(
        "scale",
        m.func("scale", ["i32", "i32", "f32"], "void", (body, x, bytes, factor) => {
          const k = body.hoist(f32x4.splat(factor));
          const one = body.hoist(f32x4.const(1));
          expect(body.hoist(f32x4.const(1))).toBe(one);
          body.for(0, bytes, 16, (i) => {
            const at = body.let(i32.add(x, i));
            body.do(v128.store(at, f32x4.add(one, f32x4.mul(v128.load(at, 16), k)), 16));
          });
        }),
      );
    });
    const memory = exports.memory as WasmMemory;
    const view = new Float32Array(memory.buffer, 16, 8);
    view.set([1, 2, 3, 4, 5, 6, 7, 8]);
    fn(exports, "scale")(0, 32, 0.5);
    expect([...view]).toEqual([1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]);
  });

  it("encodes constants of every type exactly", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.float(),
        fc.double(),
        (a, b, c, d) => {
          const exports = assemble((m) => {
            m.export(
              "a",
              m.func("a", [], "i32", () => i32.const(a)),
            );
            m.export(
              "b",
              m.func("b", [], "i64", () => i64.const(b)),
            );
            m.export(
              "c",
              m.func("c", [], "f32", () => f32.const(c)),
            );
            m.export(
              "d",
              m.func("d", [], "f64", () => f64.const(d)),
            );
          });
          expect(fn(exports, "a")()).toBe(a);
          expect(fn(exports, "b")()).toBe(b);
          expect(fn(exports, "c")()).toBe(c);
          expect(fn(exports, "d")()).toBe(d);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("resolves imports that are declared after the functions that use them, globals and data", () => {
    const exports = assemble(
      (m) => {
        m.memory({ initial: 1 }, "memory");
        m.data(8, Uint8Array.of(7, 0, 0, 0));
        const segment = m.passive(Uint8Array.of(1, 2, 3, 4));
        const total = m.global("total", i32.const(100));
        const twice = m.func("twice", ["f64"], "f64", (_, x) => f64.add(x, x));
        const sine = m.importFunction("env", "sin", ["f64"], "f64");
        m.export(
          "f",
          m.func("f", ["f64"], "f64", (body, x) => {
            body.do(total.set(i32.add(total.get, i32.load(8))), segment.init(16, 1, 2));
            return call(twice, call(sine, x));
          }),
        );
        m.export(
          "total",
          m.func("total", [], "i32", () => total.get),
        );
      },
      { sin: Math.sin },
    );
    expect(fn(exports, "f")(1)).toBe(2 * Math.sin(1));
    expect(fn(exports, "total")()).toBe(107);
    expect([...new Uint8Array((exports.memory as WasmMemory).buffer, 16, 3)]).toEqual([2, 3, 0]);
  });

  it("branches: if, switch, early return, nested loops", () => {
    const exports = assemble((m) => {
      m.export(
        "classify",
        m.func("classify", ["i32"], "i32", (body, n) => {
          const answer = body.local("i32");
          body.if(
            i32.lt_s(n, 0),
            () => body.return(i32.const(-1)),
            () => body.set(answer, 99),
          );
          body.switch(n, [
            () => body.set(answer, 10),
            () => body.set(answer, 11),
            () => body.set(answer, 12),
          ]);
          return answer;
        }),
      );
      m.export(
        "pairs",
        m.func("pairs", ["i32"], "i32", (body, n) => {
          const count = body.local("i32");
          body.for(0, n, 1, (i) =>
            body.block((done) =>
              body.for(0, n, 1, (j) => {
                body.brIf(done, i32.gt_s(j, i));
                body.set(count, i32.add(count, 1));
              }),
            ),
          );
          return count;
        }),
      );
      m.export(
        "clamp",
        m.func("clamp", ["f32"], "f32", (_, x) => select(x, f32.const(0), f32.gt(x, 0))),
      );
    });
    expect([-5, 0, 1, 2, 3].map((n) => fn(exports, "classify")(n))).toEqual([-1, 10, 11, 12, 99]);
    expect(fn(exports, "pairs")(5)).toBe(15);
    expect(fn(exports, "pairs")(0)).toBe(0);
    expect([fn(exports, "clamp")(-2), fn(exports, "clamp")(3)]).toEqual([0, 3]);
  });

  it("imports a shared memory and adds atomically", () => {
    if (!features().threads) return;
    const memory = new engine.Memory({ initial: 1, maximum: 2, shared: true });
    const exports = assemble(
      (m) => {
        m.importMemory("env", "memory", { initial: 1, maximum: 2, shared: true });
        m.export(
          "add",
          m.func("add", ["i32"], "i32", (_, x) => atomic.add(64, x)),
        );
      },
      { memory },
    );
    fn(exports, "add")(5);
    expect(fn(exports, "add")(6)).toBe(5);
    expect(new Int32Array(memory.buffer)[16]).toBe(11);
  });

  it("knows the engine's features", () => {
    expect(features()).toEqual({ missing: undefined, relaxedSimd: true, threads: true });
  });
});
