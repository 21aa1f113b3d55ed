import { expect, it } from "vitest";
import { dataset } from "../../../src/data/dataset.ts";
import { tensor } from "../../../src/index.ts";
import { pairsOf } from "../../../src/train/loop/batches.ts";

const points = dataset({
  x: tensor([
    [0, 1],
    [2, 3],
    [4, 5],
  ]),
  y: tensor([6, 7, 8]),
});
const rows = Int32Array.of(2, 0);

it.each([
  ["two columns", "y", [8, 6]],
  ["one column as input and target", "x", [4, 5, 0, 1]],
])("%s are gathered into given buffers", (_, target, expected) => {
  const pairs = pairsOf(points, { input: "x", target });
  const into = { input: new Float32Array(4), target: new Float32Array(expected.length) };
  pairs.gatherInto(rows, into);
  const gathered = pairs.gather(rows);
  expect([...into.input]).toEqual([4, 5, 0, 1]);
  expect([...into.target]).toEqual(expected);
  expect([...gathered.input.toTypedArray()]).toEqual([4, 5, 0, 1]);
  expect([...gathered.target.toTypedArray()]).toEqual(expected);
});
