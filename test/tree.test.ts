import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StructureMismatch } from "../src/errors.ts";
import {
  flatten,
  leafPaths,
  leaves,
  leavesLike,
  map,
  paths,
  sameTreeShape,
  type Tree,
  unflatten,
  zip,
} from "../src/tree.ts";

const { tree } = fc.letrec<{ tree: Tree<number> }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.double({ noNaN: true }),
    fc.constant(undefined),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(
      fc.string({ maxLength: 3 }).filter((k) => k !== "__proto__"),
      tie("tree"),
      {
        maxKeys: 3,
        noNullPrototype: true,
      },
    ),
  ),
}));

describe("trees", () => {
  it("unflatten inverts flatten", () => {
    fc.assert(
      fc.property(tree, (t) => {
        const { leaves, shape } = flatten(t);
        expect(unflatten(shape, leaves)).toEqual(t);
      }),
    );
  });

  it("zip of a tree with itself maps its leaves", () => {
    fc.assert(
      fc.property(tree, (t) => {
        const twice = zip((x: number, y: number) => x + y, t, t);
        expect(twice).toEqual(map((x: number) => x + x, t));
        expect(leaves(twice)).toEqual(leaves(t).map((x) => x + x));
        expect(paths(twice)).toEqual(paths(t));
      }),
    );
  });

  it("zip takes trees with leaves of different kinds", () => {
    const counted = zip((x, s) => `${s}${x + 1}`, { a: 1, b: [2] }, { a: "n", b: ["m"] });
    expect(counted).toEqual({ a: "n2", b: ["m3"] });
  });

  it("zip refuses trees of different structures", () => {
    const add = (x: number, y: number) => x + y;
    expect(() => zip(add, { a: 1 }, { b: 1 })).toThrow(StructureMismatch);
    expect(() => zip(add, [1, 2], [1])).toThrow(StructureMismatch);
    expect(() => leavesLike("a step", flatten({ a: 1, b: 2 }).shape, [1, 2])).toThrow(
      "a step returns [·, ·] but must return {a: ·, b: ·}",
    );
  });

  it("keep their structure when their leaves change", () => {
    fc.assert(
      fc.property(tree, (t) => {
        const { leaves, shape } = flatten(t);
        const changed = unflatten(
          shape,
          leaves.map((x) => String(x)),
        );
        const again = flatten(changed);
        expect(sameTreeShape(again.shape, shape)).toBe(true);
        expect(again.leaves).toEqual(leaves.map(String));
      }),
    );
  });

  it("have a distinct path for each leaf", () => {
    fc.assert(
      fc.property(tree, (t) => {
        const { leaves, shape } = flatten(t);
        const paths = leafPaths(shape).map((path) => JSON.stringify(path));
        expect(paths.length).toBe(leaves.length);
        expect(new Set(paths).size).toBe(paths.length);
      }),
    );
  });

  it("do not depend on the order of keys", () => {
    const [a, b] = [flatten({ x: 1, y: [2, undefined] }), flatten({ y: [2, undefined], x: 1 })];
    expect(a).toEqual(b);
    expect(a.leaves).toEqual([1, 2]);
    expect(leafPaths(a.shape)).toEqual([["x"], ["y", "0"]]);
  });

  it("treat everything but arrays and plain objects as a leaf", () => {
    const leaf = new Date(0);
    expect(flatten({ a: leaf, b: null }).leaves).toEqual([leaf, null]);
  });

  it("differ if anything but a leaf differs", () => {
    const shapes = [1, undefined, [], [1], [1, 1], {}, { a: 1 }, { b: 1 }, { a: [1] }].map(
      (t) => flatten(t).shape,
    );
    shapes.forEach((s, i) => {
      shapes.forEach((t, j) => {
        expect(sameTreeShape(s, t)).toBe(i === j);
      });
    });
  });
});
