import { FreeVariable } from "../../errors.ts";
import type { Source } from "../../ir/expr.ts";
import { allocate, store } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { randomBits } from "../../tensor/threefry.ts";
import type { EvaluateRules } from "../rule.ts";
import { at } from "./positions.ts";

export const source: EvaluateRules<keyof Source> = {
  constant: ({ value }) => [value],

  // Inputs of a program are bound before its nodes are evaluated; `check` rejects any other parameter.
  parameter: ({ type }) => {
    throw new FreeVariable({ shape: type.shape, path: [] });
  },

  iota: ({ shape, dtype, axis }) => {
    const stride = nth(stridesOf(shape), axis);
    const extent = nth(shape, axis);
    const out = allocate(dtype, sizeOf(shape));
    for (let i = 0; i < out.length; i++) out[i] = store(dtype, Math.floor(i / stride) % extent);
    return [Tensor.own(shape, dtype, out)];
  },

  randomBits: ({ shape }, [keys]) => {
    const words = Tensor.read(keys);
    const each = sizeOf(shape);
    const out = new Int32Array((words.length / 2) * each);
    for (let key = 0; key < words.length / 2; key++)
      out.set(randomBits(at(words, 2 * key), at(words, 2 * key + 1), each), key * each);
    return [Tensor.own([...keys.shape.slice(0, -1), ...shape], "i32", out)];
  },
};
