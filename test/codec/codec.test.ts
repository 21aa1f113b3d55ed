import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import { describe, expect, test } from "vitest";
import { fromBase64, toBase64 } from "../../src/codec/bytes.ts";
import { decodeJson, decodeWith } from "../../src/codec/decode.ts";
import { jsonNumber, natural, numbersByName } from "../../src/codec/number.ts";
import { figuresCodec, tensorCodec, treeCodec } from "../../src/codec/tensor.ts";
import { tensor, zeros } from "../../src/tensor/constructors.ts";
import { allocate, type Dtype, store } from "../../src/tensor/dtype.ts";
import { equal } from "../../src/tensor/equality.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, sameTreeShape, type Tree } from "../../src/tree.ts";

const arbitraryTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom<Dtype>("f32", "f64", "i32", "u8", "bool"),
    fc.array(fc.nat(3), { maxLength: 3 }),
  )
  .chain(([dtype, shape]) =>
    fc.array(fc.double(), { minLength: sizeOf(shape), maxLength: sizeOf(shape) }).map((values) => {
      const data = allocate(dtype, values.length);
      for (const [i, v] of values.entries()) data[i] = store(dtype, v);
      return Tensor.own(shape, dtype, data);
    }),
  );

const { tree: arbitraryTree } = fc.letrec<{ tree: Tree<Tensor> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    arbitraryTensor,
    fc.constant(undefined),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom("dtype", "shape", "data", "weight"), fc.string()),
      tie("tree"),
      {
        maxKeys: 3,
      },
    ),
  ),
}));

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("decode after encode is the identity", () => {
  test("of tensors", () => {
    fc.assert(
      fc.property(arbitraryTensor, (x) => {
        const decoded = tensorCodec.decode(throughJson(tensorCodec.encode(x)));
        expect(E.isRight(decoded) && equal(decoded.right, x)).toBe(true);
      }),
    );
  });

  test("of large tensors", () => {
    const x = zeros([300, 700], "f64");
    const decoded = tensorCodec.decode(throughJson(tensorCodec.encode(x)));
    expect(E.isRight(decoded) && equal(decoded.right, x)).toBe(true);
  });

  test("of trees of tensors", () => {
    fc.assert(
      fc.property(arbitraryTree, (tree) => {
        expect(treeCodec.is(tree)).toBe(true);
        const decoded = treeCodec.decode(throughJson(treeCodec.encode(tree)));
        if (E.isLeft(decoded)) throw new Error("not decoded");
        const [a, b] = [flatten(tree), flatten(decoded.right)];
        expect(sameTreeShape(a.shape, b.shape)).toBe(true);
        expect(a.leaves.every((x, i) => equal(x as Tensor, b.leaves[i] as Tensor))).toBe(true);
      }),
    );
  });

  test("of numbers", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN)), (x) => {
        const decoded = jsonNumber.decode(throughJson(jsonNumber.encode(x)));
        expect(E.isRight(decoded) && Object.is(decoded.right, x)).toBe(true);
      }),
    );
  });

  test("of bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      }),
    );
  });
});

test("elements are little-endian", () => {
  expect(tensorCodec.encode(tensor([1, -2]))).toEqual({
    dtype: "f32",
    shape: [2],
    data: Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]).toString("base64"),
  });
});

describe("malformed input is a typed error with its path", () => {
  const whole = tensorCodec.encode(tensor([1, 2]));
  const fails = <A>(codec: t.Decoder<unknown, A>, input: unknown) =>
    Effect.runSync(Effect.flip(decodeWith(codec, input, "checkpoint")));

  test.each([
    [null, []],
    [{ ...whole, dtype: "f8" }, ["dtype"]],
    [{ ...whole, shape: [-2] }, ["shape", "0"]],
    [{ ...whole, shape: [1.5] }, ["shape", "0"]],
    [{ ...whole, shape: [3] }, ["data"]],
    [{ ...whole, data: whole.data.slice(1) }, ["data"]],
    [{ ...whole, data: "????" }, ["data"]],
    [{ dtype: "f32", shape: [0] }, ["data"]],
    [{ dtype: "bool", shape: [1], data: "Ag==" }, ["data"]],
  ])("tensor %j", (input, path) => {
    const error = fails(tensorCodec, input);
    expect(error).toMatchObject({ _tag: "DecodeError", where: "checkpoint" });
    expect(error.issues.map((i) => i.path)).toContainEqual(path);
  });

  test("all failing paths of a tree are named", () => {
    const error = fails(treeCodec, {
      dense: [{ ...whole, shape: [9] }, whole, 7],
      bias: { ...whole, dtype: "int" },
    });
    expect(error.issues.map((i) => i.path)).toEqual([
      ["dense", "0", "data"],
      ["dense", "2"],
      ["bias", "dtype"],
    ]);
    expect(error.issues[0]?.expected).toBe("36 bytes for f32 of shape [9], which 8 are not");
    expect(error.issues[1]).toMatchObject({ expected: "a tree of tensors", actual: "7" });
  });

  test("branches of unions and intersections are not part of a path", () => {
    const codec = t.type({
      a: t.intersection([t.type({ x: natural }), t.type({ y: t.union([t.string, t.boolean]) })]),
    });
    const error = fails(codec, { a: { x: -1, y: 3 } });
    const paths = error.issues.map((i) => i.path.join("."));
    expect(new Set(paths)).toEqual(new Set(["a.x", "a.y"]));
  });

  test("text that is not JSON", () => {
    const run = (text: string) => Effect.runSync(Effect.flip(decodeJson(natural, text, "event")));
    expect(run("{")).toMatchObject({
      _tag: "DecodeError",
      issues: [{ expected: "a JSON document" }],
    });
    expect(run("-1").issues).toEqual([
      { path: [], expected: "a whole number that is not negative", actual: "-1" },
    ]);
    expect(Effect.runSync(decodeJson(natural, "12", "event"))).toBe(12);
  });

  test("JSON nested 20,000 deep is refused, and 1000 deep is read", () => {
    const nested = (n: number) => "[".repeat(n) + "]".repeat(n);
    const read = (text: string) =>
      Effect.runSync(Effect.result(decodeJson<unknown>(treeCodec, text, "checkpoint")));
    expect(read(nested(1000))).toMatchObject({ _tag: "Success" });
    expect(read(nested(20_000))).toMatchObject({
      _tag: "Failure",
      failure: { _tag: "DecodeError", where: "checkpoint" },
    });
  });

  test.each([treeCodec, figuresCodec])(
    "$name of 20,000 levels is refused by the codec itself",
    (codec) => {
      const nested = (n: number): unknown => JSON.parse("[".repeat(n) + "]".repeat(n));
      expect(codec.decode(nested(1000))._tag).toBe("Right");
      expect(codec.decode(nested(20_000))._tag).toBe("Left");
      expect([codec.is(nested(1000)), codec.is(nested(20_000))]).toEqual([true, false]);
    },
  );

  test("numbers beside tensors are read back unchanged, including NaN and infinities", () => {
    const tree = {
      best: { value: -0, dtype: Number.NaN },
      since: [1, Infinity],
      at: tensor([1]),
      no: undefined,
    };
    const read = figuresCodec.decode(JSON.parse(JSON.stringify(figuresCodec.encode(tree))));
    expect(read._tag === "Right" && read.right).toEqual(tree);
    expect(treeCodec.is(tree)).toBe(false);
    expect(figuresCodec.decode({ a: "one" })._tag).toBe("Left");
  });

  test("of very many mistakes the first hundred are reported, in linear time", () => {
    const many = new Array<number>(300_000).fill(1);
    const error = fails(treeCodec, [[many], [many]]);
    expect(error.issues).toHaveLength(100);
    const names = Object.fromEntries(many.map((_, i) => [`k${i}`, i]));
    // Quadratic work (some 10^11 comparisons) would pass the time limit of a test.
    expect(E.isRight(numbersByName.decode(names))).toBe(true);
  });

  test("a shape whose size overflows is reported at the shape", () => {
    const most = new Array<number>(34).fill(2 ** 32 - 1);
    const error = fails(tensorCodec, { dtype: "f32", shape: [...most, 0], data: "" });
    expect(error.issues).toEqual([
      expect.objectContaining({ path: ["shape"], expected: expect.stringMatching(/at most/) }),
    ]);
  });

  test("base64 is decoded only if its length matches the shape", () => {
    const data = "*".repeat(4e6);
    expect(fails(tensorCodec, { ...whole, data }).issues[0]?.expected).toMatch(
      /which 3000000 are not/,
    );
    for (const text of ["AB==", "AAB=", "AA\n==", "AA==\n", "AA==AAAA", "====", "AA=", "AAA "])
      expect(fromBase64(text)).toBeUndefined();
    expect(fromBase64("AA==")).toEqual(Uint8Array.of(0));
  });

  test("no input makes a codec throw", () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        for (const codec of [tensorCodec, treeCodec, jsonNumber, natural])
          Effect.runSync(Effect.result(decodeWith<unknown>(codec, input, "anything")));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (data) => {
        tensorCodec.decode({ ...whole, data });
      }),
    );
  });
});
