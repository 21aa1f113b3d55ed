import { describe, expect, it } from "vitest";
import {
  call,
  engine,
  features,
  i32,
  moduleBuilder,
  v128,
} from "../../../../src/backend/wasm/assembler/index.ts";
import {
  mathFunctions,
  scalarMath,
  type VectorMath,
  type VectorMathName,
  vectorMath,
} from "../../../../src/backend/wasm/codegen/math/index.ts";

const names = Object.keys(vectorMath) as readonly VectorMathName[];
const count = 4096;
const memory = new engine.Memory({ initial: 1 });
const buffer = memory.buffer as ArrayBuffer;
const plane = (i: number) => new Float32Array(buffer, 4 * count * i, count);
const [x, y, z] = [plane(0), plane(1), plane(2)];
const xBits = new Uint32Array(buffer, 0, count);
const yBits = new Uint32Array(buffer, 4 * count, count);

/** Compiles z[i] = f(x[i], y[i]) over the whole arrays. */
const compile = (name: VectorMathName, relaxed: boolean, inline: boolean): (() => void) => {
  const module = moduleBuilder();
  module.importMemory("env", "memory", { initial: 1 });
  const math: VectorMath = vectorMath[name];
  module.export(
    "run",
    module.func("run", [], "void", (body) => {
      body.for(0, 4 * count, 16, (at) => {
        const a = body.let(v128.load(at));
        const b = body.let(v128.load(at, 4 * count));
        const site = { module, body, relaxed };
        const value = inline
          ? math.arity === 1
            ? math.write(site, a)
            : math.write(site, a, b)
          : call(mathFunctions(module, relaxed)(name), ...(math.arity === 1 ? [a] : [a, b]));
        body.do(v128.store(at, value, 8 * count));
      });
      body.drop(i32.const(0));
    }),
  );
  const compiled = new engine.Module(module.encode());
  const { exports } = new engine.Instance(compiled, { env: { memory }, math: scalarMath });
  return exports.run as () => void;
};

const special = [
  0,
  -0,
  2 ** -149,
  -(2 ** -149),
  2 ** -127,
  2 ** -126,
  1,
  -1,
  1 - 2 ** -24,
  1 + 2 ** -23,
  -2,
  2,
  3,
  0.5,
  -0.5,
  88.72283,
  88.72284,
  -87.4,
  -103.97,
  -104.1,
  17,
  -17,
  9.1,
  3.4028235e38,
  -3.4028235e38,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  1e6,
  2 ** 20,
  -1e10,
  1e-20,
];

const unitInLastPlace = (value: number): number => {
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(value), 2 ** -126)));
  return 2 ** (exponent - 23);
};

const largest = 3.4028234663852886e38;

/** The distance to the true value in units in the last place; infinite if the two differ in kind. */
const distance = (got: number, truth: number): number => {
  const want = Math.fround(truth);
  if (Object.is(got, want)) return 0;
  if (Number.isNaN(got) || Number.isNaN(want)) return Number.POSITIVE_INFINITY;
  if (got === 0 && want === 0) return Number.POSITIVE_INFINITY; // the sign of zero
  const within = Math.max(-largest, Math.min(largest, truth));
  if (!Number.isFinite(truth)) return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(got)) return (largest - Math.abs(within)) / 2 ** 104;
  return Math.abs(got - truth) / unitInLastPlace(truth);
};

/** The worst lane: its error, and its arguments as text. */
const worst = (name: VectorMathName, run: () => void): { error: number; where: string } => {
  run();
  const truth = scalarMath[name] as (a: number, b: number) => number;
  let error = -1;
  let where = "";
  for (let i = 0; i < count; i++) {
    const d = distance(z[i]!, truth(x[i]!, y[i]!));
    if (!(d <= error)) {
      error = d;
      where = `${name}(${x[i]}, ${y[i]}) = ${z[i]}`;
    }
  }
  return { error, where };
};

const options = features().relaxedSimd ? [false, true] : [false];

describe.each(names)("%s on vectors", (name) => {
  it.each(options)("is within 2 ulp at special values and everywhere (relaxed: %s)", (relaxed) => {
    const run = compile(name, relaxed, true);
    const expectClose = (): void => {
      const { error, where } = worst(name, run);
      expect(error, where).toBeLessThanOrEqual(2);
    };
    for (let i = 0; i < count; i++) {
      x[i] = special[i % special.length]!;
      y[i] = special[Math.floor(i / special.length) % special.length]!;
    }
    expectClose();
    // Every sign, exponent and leading bits. The stride is odd, so that the low bits vary too.
    let pattern = 0;
    let other = 0x12345678;
    for (let round = 0; round < 64; round++) {
      for (let i = 0; i < count; i++) {
        xBits[i] = pattern;
        yBits[i] = other;
        pattern = (pattern + 16381) >>> 0;
        other = (Math.imul(other, 1664525) + 1013904223) >>> 0;
      }
      expectClose();
    }
    // The usual range, densely; for two arguments also integer exponents.
    for (let round = 0; round < 16; round++) {
      for (let i = 0; i < count; i++) {
        x[i] = ((round * count + i) / (16 * count) - 0.5) * (round % 2 === 0 ? 8 : 200);
        y[i] = round % 3 === 0 ? (i % 21) - 10 : (i / count - 0.5) * 20;
      }
      expectClose();
    }
  });

  it("gives the same as a function and inline", () => {
    for (let i = 0; i < count; i++) [x[i], y[i]] = [i / 512 - 4, (i % 37) / 9 - 2];
    compile(name, false, true)();
    const inPlace = Float32Array.from(z);
    compile(name, false, false)();
    expect(z).toEqual(inPlace);
  });
});

it("tanh and erf saturate at exactly one, logistic at exactly one and zero", () => {
  x.fill(20);
  for (const name of ["tanh", "erf", "logistic"] as const) {
    compile(name, false, true)();
    expect(z[0]).toBe(1);
  }
  x.fill(-200);
  compile("logistic", false, true)();
  expect(Object.is(z[0], 0)).toBe(true);
});
