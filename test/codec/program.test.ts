import * as fc from "fast-check";
import { isLeft, isRight } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import {
  type ProgramSubject,
  programLaws,
  programRoundTrip,
  programsChecked,
} from "../../laws/data/programs.ts";
import { check } from "../../laws/law.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { primitiveFunctions } from "../../laws/registry/primitives/index.ts";
import { programOf, typesOf } from "../../laws/symbolic.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { whileLoop } from "../../src/autodiff/index.ts";
import { issuesOf } from "../../src/backend/check.ts";
import { programCodec } from "../../src/codec/program/program.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr, Program } from "../../src/ir/expr.ts";
import { add, gt, mul } from "../../src/ir/index.ts";
import { innerPrograms, program } from "../../src/ir/program.ts";
import { open, still } from "../../src/nn/apply.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import { choices, knownOf, types } from "../backend/wasm/randomPrograms.ts";

/** Whether every loop of a program surely ends. Others are refused. */
const ends = ({ nodes }: Program): boolean =>
  nodes.every(
    (node) =>
      !(node.primitive === "while" && node.params.bound === undefined) &&
      innerPrograms(node).every(ends),
  );

const drawn: fc.Arbitrary<Program> = choices
  .map((recipe) => {
    const known = knownOf(recipe);
    return program(known.slice(0, types.length), known);
  })
  .filter(ends);

const primitives = fc.constantFrom(
  ...primitiveFunctions
    .map((f) => programOf(typesOf(f), f.apply))
    .filter((p) => issuesOf(p).length === 0),
);

const networks = fc.constantFrom(
  ...layerCases.map(({ layer, shape }) => {
    const { params, state } = open(layer).init(key(1));
    const x = parameter({ shape, dtype: "f32" });
    return program([x], [open(layer).apply(params, state, x, still)[0]]);
  }),
);

describe("programs as data", () => {
  it.each<[string, fc.Arbitrary<Program>, number]>([
    ["random programs", drawn, 150],
    ["every primitive", primitives, 400],
    ["every layer", networks, 150],
  ])("%s", (name, programs, runs) => {
    mustHoldHere(programLaws, { name, programs }, { runs });
  });

  const x = parameter({ shape: [2], dtype: "f32" });
  const small = program([x], [add(mul(x, 2), x)]);

  it("are small, and say what they compute", () => {
    expect(programCodec.encode(small)).toEqual({
      constants: [{ dtype: "f32", shape: [], data: "AAAAQA==" }],
      programs: [
        {
          inputs: [["f32", 2]],
          nodes: [
            ["constant", [], { constant: 0 }],
            ["broadcast", [1], { shape: [2], axes: [] }],
            ["mul", [0, 2]],
            ["add", [3, 0]],
          ],
          outputs: [4],
        },
      ],
    });
  });

  const json = programCodec.encode(small);
  const one = json.programs[0] ?? expect.unreachable();
  const whyNot = (input: unknown): string => {
    const read = programCodec.decode(input);
    const [first] = isLeft(read) ? read.left : [];
    return `${first?.context.map(({ key: name }) => name).join(".")}: ${first?.message}`;
  };
  const withNodes = (...nodes: readonly unknown[]) => ({
    ...json,
    programs: [{ ...one, nodes, outputs: [nodes.length] }],
  });

  it.each([
    ["nothing", {}, "constants"],
    ["another primitive", withNodes(["eval", [0]]), "a primitive"],
    ["a name of every object", withNodes(["toString", [0]]), "a primitive"],
    ["a parameter as a node", withNodes(["parameter", []]), "a primitive"],
    ["a value that comes later", withNodes(["neg", [1]]), "the number of a value before it"],
    ["too many operands", withNodes(["neg", [0, 0]]), "1 operands of neg"],
    ["operands that do not fit", withNodes(["and", [0, 0]]), "operands that fit"],
    [
      "a program in itself",
      withNodes(["call", [0], { name: "f", program: 0, kind: "custom" }]),
      "the number of a program before it",
    ],
    [
      "a shape that no tensor has",
      withNodes(["iota", [], { shape: [2 ** 40, 2 ** 40], dtype: "f32", axis: 0 }]),
      "operands that fit",
    ],
    [
      "more than can be computed",
      withNodes(["iota", [], { shape: [2 ** 43], dtype: "f32", axis: 0 }]),
      "elements to compute",
    ],
    ["no program", { ...json, programs: [] }, "at least one program"],
  ])("are refused: %s", (_, input, reason) => {
    expect(whyNot(input)).toContain(reason);
  });

  it("may have loops whose length the data decide, with a bound that holds", () => {
    const doubling = {
      inputs: [["bool"], ["f32"]],
      nodes: [["add", [1, 1]]],
      outputs: [0, 2],
    };
    const looped = (params: object) => ({
      constants: [],
      programs: [
        doubling,
        {
          ...doubling,
          nodes: [["while", [0, 1], { body: 0, constants: 0, ...params }]],
          outputs: [3],
        },
      ],
    });
    const read = programCodec.decode(looped({ bound: 5 }));
    if (isLeft(read)) throw new Error("it is refused");
    // Its condition is always true.
    expect(run(read.right, [tensor(true), tensor(1)])[0]?.item()).toBe(32);
    expect(whyNot(looped({}))).toContain("a whole number");
    expect(whyNot(looped({ bound: 2 ** 52 }))).toContain("elements to compute");
    const endless = whileLoop(
      (x: Expr) => gt(x, 0),
      (x) => x,
      parameter({ shape: [], dtype: "f32" }),
    );
    expect(() => programCodec.encode(program([], [endless]))).toThrow(
      "bound of the rounds of whileLoop",
    );
  });

  it("count each use of the programs inside them", () => {
    // Each calls the one before it twice: 2^40 nodes in all.
    const doubling = Array.from({ length: 40 }, (_, i) => ({
      inputs: [["f32"]],
      nodes:
        i === 0
          ? [["neg", [0]]]
          : [0, 1].map((n) => ["call", [n], { name: "twice", program: i - 1, kind: "custom" }]),
      outputs: [i === 0 ? 1 : 2],
    }));
    expect(whyNot({ constants: [], programs: doubling })).toContain("at most 100000 nodes");
    // A loop of loops of loops.
    const rounds = Array.from({ length: 4 }, (_, i) => ({
      inputs: [["f32"]],
      nodes:
        i === 0
          ? [["neg", [0]]]
          : [["scan", [0], { body: i - 1, length: 1e6, constants: 0, carry: 1, reverse: false }]],
      outputs: [1],
    }));
    expect(whyNot({ constants: [], programs: rounds })).toContain("elements to compute");
    expect(isRight(programCodec.decode({ constants: [], programs: rounds.slice(0, 2) }))).toBe(
      true,
    );
  });

  describe("planted mistakes are noticed", () => {
    const broken = (law: (typeof programLaws)[number], codec: ProgramSubject["codec"]): string => {
      const verdict = check(
        law,
        { name: "planted", programs: drawn, ...(codec && { codec }) },
        { runs: 200 },
      );
      return isLeft(verdict) ? verdict.left.reason : "";
    };
    const altered = (change: (text: string) => string): ProgramSubject["codec"] => ({
      encode: programCodec.encode,
      decode: (input: unknown) => programCodec.decode(JSON.parse(change(JSON.stringify(input)))),
    });

    it("operands in another order, and a parameter that is lost", () => {
      expect(
        broken(
          programRoundTrip,
          altered((text) =>
            text.replaceAll('"sub",[0,1]', '"sub",[1,0]').replaceAll('"lt"', '"gt"'),
          ),
        ),
      ).not.toBe("");
      expect(
        broken(
          programRoundTrip,
          altered((text) => text.replaceAll('"reverse":true', '"reverse":false')),
        ),
      ).not.toBe("");
    });

    it("types that are not checked", () => {
      const trusting: ProgramSubject["codec"] = {
        encode: programCodec.encode,
        decode: (input: unknown) => {
          const read = programCodec.decode(input);
          if (isLeft(read)) throw new TypeError("it cannot be read");
          return read;
        },
      };
      expect(broken(programsChecked, trusting)).toContain("TypeError");
    });
  });
});
