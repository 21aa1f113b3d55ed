import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import {
  anyDepth,
  type CodecSubject,
  codecLaws,
  refusal,
  roundTrip,
} from "../../laws/data/codecs.ts";
import { tensorOf } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { sameBits } from "../../laws/values/compare.ts";
import { logUniform } from "../../laws/values/hostile.ts";
import { holds } from "../../laws/vitest.ts";
import { tensorCodec, treeCodec } from "../../src/codec/tensor.ts";
import type { Dtype } from "../../src/tensor/dtype.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, sameTreeShape, type Tree } from "../../src/tree.ts";

const dtypes: readonly Dtype[] = ["f32", "f64", "f16", "bf16", "i32", "u8", "bool"];

/** Numbers where floats and integers end, and near 0. Each dtype keeps those that it can store. */
const hostileNumbers = fc.oneof(
  fc.double(),
  logUniform(1e-30, 1e30),
  fc.constantFrom(
    ...[0, 2 ** -149, 2 ** -126 - 2 ** -149, Number.POSITIVE_INFINITY].flatMap((x) => [x, -x]),
  ),
  fc.constantFrom(
    Number.NaN,
    -(2 ** 31),
    2 ** 31 - 1,
    255,
    256,
    2 ** 53 + 2,
    Number.MAX_VALUE,
    5e-324,
  ),
);

/** Tensors of every dtype with arbitrary numbers, with few axes and many, including empty ones. */
const tensors: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.oneof(
      fc.array(fc.nat(3), { maxLength: 3 }),
      fc.constantFrom([0, 2 ** 32], [2 ** 40, 0, 1], new Array<number>(40).fill(1), [3000]),
    ),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((n, d) => n * d, 1);
    const element = dtype === "bool" ? fc.nat(1) : hostileNumbers;
    return fc
      .array(element, { minLength: length, maxLength: length })
      .map((xs) => tensorOf(shape, "f64", xs).cast(dtype));
  });

/** Removes a field, changes its type, or changes the length of the data. */
const damaged = (json: unknown): fc.Arbitrary<unknown> => {
  const whole = json as { readonly shape: readonly number[]; readonly data: string };
  return fc.oneof(
    fc.constantFrom("shape", "dtype", "data").map((field) => ({ ...whole, [field]: undefined })),
    fc.constant({ ...whole, shape: [...whole.shape, -1] }),
    fc.constant({ ...whole, data: `${whole.data}AAAA` }),
    fc.constant({ ...whole, data: `${whole.data}*` }),
    fc.constant({ ...whole, dtype: "f8" }),
    // Shapes whose size overflows, or that no tensor may have.
    fc.constant({ ...whole, shape: [...new Array<number>(34).fill(2 ** 32 - 1), 0], data: "" }),
    fc.constant({ ...whole, shape: [2 ** 53 - 1, 2, 0], data: "" }),
    fc.constant({ ...whole, shape: [...whole.shape, 2 ** 31, 2 ** 31] }),
    fc.constantFrom(0.5, null, "1", 2 ** 53, 1e300).map((d) => ({ ...whole, shape: [d] })),
    // Base64 with leftover bits, in another alphabet, with blanks, or without its padding.
    fc
      .constantFrom(["AB==", 1] as const, ["AAB=", 2], ["-_8=", 2], ["A A=", 2], ["AA", 1])
      .map(([data, n]) => ({ dtype: "u8", shape: [n], data })),
    fc.constant([whole.data]),
    fc.constant("a tensor"),
  );
};

const tensorSubject: CodecSubject<Tensor> = {
  name: "a tensor",
  codec: tensorCodec,
  values: tensors,
  differ: (a, b) => sameBits("tensor", [a], [b]),
  damaged,
};

const { tree: trees } = fc.letrec<{ tree: Tree<Tensor> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    tensors,
    fc.constant(undefined),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom("dtype", "__proto__"), fc.string()), tie("tree"), {
      maxKeys: 3,
    }),
  ),
}));

const treeSubject: CodecSubject<Tree<Tensor>> = {
  name: "a tree of tensors",
  codec: treeCodec,
  values: trees,
  differ: (a, b) => {
    const [x, y] = [flatten(a), flatten(b)];
    return sameTreeShape(x.shape, y.shape)
      ? sameBits("leaf", x.leaves, y.leaves)
      : "another structure";
  },
  damaged: (json) => fc.constantFrom([json, 7], { a: json, b: "text" }, [[{ c: true }, json]]),
};

/** Forgets the type of a subject: the law only learns whether a value belongs to the codec. */
const opaque = <A>(subject: CodecSubject<A>, is: (value: unknown) => value is A): CodecSubject => ({
  ...subject,
  codec: {
    decode: subject.codec.decode,
    encode: (value) => (is(value) ? subject.codec.encode(value) : undefined),
  },
  differ: (a, b) => (is(a) && is(b) ? subject.differ(a, b) : "another kind of value"),
});

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

describe("codecs", () => {
  holds(codecLaws, [opaque(tensorSubject, isTensor), opaque(treeSubject, treeCodec.is)], {
    runs: 200,
  });
});

describe("planted mistakes are caught", () => {
  test("a recursive codec", () => {
    const calling: CodecSubject<Tensor> = {
      ...tensorSubject,
      codec: {
        encode: tensorCodec.encode,
        decode: (json) => {
          if (JSON.stringify(json).length > 100) throw new RangeError("Maximum call stack size");
          return tensorCodec.decode(json);
        },
      },
    };
    expect(isLeft(check(anyDepth, opaque(calling, isTensor)))).toBe(true);
  });

  test("a codec that loses NaN", () => {
    const lossy: CodecSubject<Tensor> = {
      ...tensorSubject,
      codec: {
        encode: (x) => ({ ...x.toJSON(), data: Array.from(x.toTypedArray()) }),
        decode: (json) => {
          const { shape, dtype, data } = json as ReturnType<Tensor["toJSON"]>;
          return E.right(tensorOf(shape, dtype, data as readonly number[]));
        },
      },
    };
    const verdict = check(roundTrip, opaque(lossy, isTensor), { runs: 200 });
    expect(isLeft(verdict) && verdict.left.reason).toMatch(/is 0, not (NaN|-0|-?Infinity)/);
  });

  test("a codec that accepts everything", () => {
    const trusting: CodecSubject<Tensor> = {
      ...tensorSubject,
      codec: {
        ...tensorCodec,
        encode: tensorCodec.encode,
        decode: () => E.right(tensorOf([], "f32", [0])),
      },
    };
    expect(isLeft(check(refusal, opaque(trusting, isTensor)))).toBe(true);
  });
});
