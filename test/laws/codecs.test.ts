import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { type CodecSubject, codecLaws, refusal, roundTrip } from "../../laws/codecs.ts";
import { sameBits } from "../../laws/compare.ts";
import { tensorOf } from "../../laws/domain.ts";
import { check } from "../../laws/law.ts";
import { holds } from "../../laws/vitest.ts";
import { tensorCodec } from "../../src/codec/tensor.ts";
import type { Dtype } from "../../src/tensor/dtype.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const dtypes: readonly Dtype[] = ["f32", "f64", "i32", "u8", "bool"];

/** Tensors of every dtype and of every number: NaN, infinities and both zeros among them. */
const tensors: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat(3), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((n, d) => n * d, 1);
    const element = dtype === "bool" ? fc.nat(1) : fc.double();
    return fc
      .array(element, { minLength: length, maxLength: length })
      .map((xs) => tensorOf(shape, "f64", xs).cast(dtype));
  });

/** One field taken away, or of another type, or data of another length. */
const damaged = (json: unknown): fc.Arbitrary<unknown> => {
  const whole = json as { readonly shape: readonly number[]; readonly data: string };
  return fc.oneof(
    fc.constantFrom("shape", "dtype", "data").map((field) => ({ ...whole, [field]: undefined })),
    fc.constant({ ...whole, shape: [...whole.shape, -1] }),
    fc.constant({ ...whole, data: `${whole.data}AAAA` }),
    fc.constant({ ...whole, data: `${whole.data}*` }),
    fc.constant({ ...whole, dtype: "f16" }),
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

/** A law's subject holds values of which the law knows nothing but that they are the codec's own. */
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
  holds(codecLaws, [opaque(tensorSubject, isTensor)], { runs: 200 });
});

describe("planted mistakes are noticed", () => {
  test("a codec that loses NaN", () => {
    const lossy: CodecSubject<Tensor> = {
      ...tensorSubject,
      codec: {
        encode: (x) => x.toJSON(),
        decode: (json) => {
          const { shape, dtype, data } = json as ReturnType<Tensor["toJSON"]>;
          return E.right(tensorOf(shape, dtype, data));
        },
      },
    };
    const verdict = check(roundTrip, opaque(lossy, isTensor), { runs: 200 });
    expect(isLeft(verdict) && verdict.left.reason).toMatch(/is 0, not (NaN|-0|-?Infinity)/);
  });

  test("a codec that takes anything", () => {
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
