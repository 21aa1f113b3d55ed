import { expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import { still } from "../../../src/nn/apply.ts";
import type { Symbolic } from "../../../src/nn/layer.ts";
import { transformer } from "../../../src/nn/models/index.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import { constants, numbers, valueOf } from "../evaluated.ts";

const source = { vocabulary: 3, length: 2, padding: 0 };
const sizes = { source, vocabulary: 3, positions: 3, width: 2, blocks: 1, heads: 1 } as const;
const options = { ...sizes, hidden: 3, norm: "pre" } as const;
const tied = transformer({ ...options, tied: true });
const apart = transformer(options);
const { params } = tied.init(key(4));

const logits = (model: typeof apart, own: typeof params, text: readonly number[]) =>
  numbers(
    valueOf(
      (x: Expr) =>
        model.apply(
          constants(own) as Symbolic<typeof own>,
          undefined,
          x as Expr<readonly [number]>,
          still,
        )[0],
      tensor(text, "i32"),
    ),
  );

it("one table says logits: of features (1, 0) its first column, by hand", () => {
  const own = {
    encoder: {
      ...params.encoder,
      tokens: {
        table: tensor([
          [0.5, 7],
          [-1, 8],
          [2, 9],
        ]),
      },
    },
    decoder: { ...params.decoder, last: { scale: zeros([2]), offset: tensor([1, 0]) } },
  };
  expect(logits(tied, own, [1, 2, 1])).toEqual([0.5, -1, 2]);
});

it("is the model of three tables that are the same, and has the params of one", () => {
  expect(params.decoder).not.toHaveProperty("tokens");
  expect(params.decoder).not.toHaveProperty("output");
  const { table } = params.encoder.tokens;
  const columns = numbers(table);
  const weight = tensor([0, 1].map((j) => [0, 1, 2].map((i) => columns[2 * i + j] ?? Number.NaN)));
  const three = {
    encoder: params.encoder,
    decoder: { ...params.decoder, tokens: { table }, output: { weight, bias: zeros([3]) } },
  };
  const text = [2, 1, 1, 2, 0];
  const wanted = logits(apart, three, text);
  expect(wanted).toHaveLength(9);
  expect(logits(tied, params, text)).toEqual(wanted.map((y) => expect.closeTo(y, 6)));
});
