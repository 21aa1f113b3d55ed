import { isLeft } from "fp-ts/lib/Either.js";
import { expect, test } from "vitest";
import { check, type Law } from "../../laws/law.ts";
import {
  initialDistributions,
  initialKeys,
  initialLaws,
  within,
} from "../../laws/randomness/initials.ts";
import { initialCases } from "../../laws/registry/networks/initials.ts";
import { holds } from "../../laws/vitest.ts";
import { heUniform, normal } from "../../src/nn/initializers.ts";
import { dense } from "../../src/nn/layers/dense.ts";
import { key } from "../../src/tensor/key.ts";

holds(initialLaws, initialCases, { runs: 1 });

const right = {
  name: "dense",
  layer: dense(5, 7),
  params: { weight: within(1 / Math.sqrt(5)), bias: within(1 / Math.sqrt(5)) },
};
const reason = (law: Law<typeof right>, subject: typeof right): string => {
  const verdict = check(law, subject);
  return isLeft(verdict) ? verdict.left.reason : "";
};

test("a wrong variance, a wrong distribution of the right variance, and a reused key are caught", () => {
  expect(reason(initialDistributions, right)).toBe("");
  const he = dense(5, 7, { weightInit: heUniform });
  expect(reason(initialDistributions, { ...right, layer: he as never })).toContain(
    "of the variance",
  );
  const bell = dense(5, 7, { weightInit: normal(1 / Math.sqrt(15)) });
  expect(reason(initialDistributions, { ...right, layer: bell as never })).toMatch(
    /reaches|not uniform/,
  );
  const fixed = key(1);
  const twice = dense(5, 7, {
    weightInit: () => dense(5, 7).init(fixed).params.weight as never,
    biasInit: () => dense(5, 7).init(fixed).params.weight as never,
  });
  expect(reason(initialKeys, right)).toBe("");
  expect(reason(initialKeys, { ...right, layer: twice as never })).toContain("has drawn");
});
