import { expect, it } from "vitest";
import { apply1, parameter } from "../../src/ir/build.ts";

it("a node does not change with the lists that it was made from", () => {
  const shape = [2, 3];
  const spread = apply1("broadcast", { shape, axes: [1] }, parameter({ shape: [3], dtype: "f32" }));
  const input = parameter({ shape, dtype: "f32" });
  shape[0] = 9;
  expect([spread.shape, spread.node.params, input.shape]).toEqual([
    [2, 3],
    { shape: [2, 3], axes: [1] },
    [2, 3],
  ]);
});
