import type { Source } from "../../../src/ir/expr.ts";
import { real, tensorOf, tensors, whole } from "../../domain.ts";
import type { Cases } from "./case.ts";

const vector = tensors([2], real);

export const sources: Cases<keyof Source> = {
  constant: [
    { label: "", params: { value: tensorOf([2], "f64", [0.5, -3]) }, operands: [] },
    { label: "of i32", params: { value: tensorOf([], "i32", [7]) }, operands: [] },
  ],
  parameter: [{ label: "", params: { type: vector.type }, operands: [vector] }],
  iota: [
    { label: "down", params: { shape: [2, 3], dtype: "f64", axis: 0 }, operands: [] },
    { label: "across", params: { shape: [2, 3], dtype: "i32", axis: 1 }, operands: [] },
  ],
  randomBits: [
    { label: "of one key", params: { shape: [3] }, operands: [tensors([2], whole, "i32")] },
    { label: "of two keys", params: { shape: [2, 1] }, operands: [tensors([2, 2], whole, "i32")] },
  ],
};
