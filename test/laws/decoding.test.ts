import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check, type Law } from "../../laws/law.ts";
import {
  decodingLaws,
  greedyDecoding,
  type Speaker,
  stepByStep,
} from "../../laws/networks/decoding.ts";
import { speakers } from "../../laws/registry/networks/sequenceModels.ts";
import { holds } from "../../laws/vitest.ts";
import type { Expr } from "../../src/index.ts";
import { add } from "../../src/ir/index.ts";
import type { Cache } from "../../src/nn/index.ts";
import { gpt } from "../../src/nn/models/index.ts";

holds(decodingLaws, speakers);

const model = gpt({ vocabulary: 5, positions: 6, width: 4, blocks: 2, heads: 2 });
const breaks = (law: Law<Speaker>, wrong: Speaker["model"]): string => {
  const verdict = check(law, { name: "wrong", model: wrong });
  return isLeft(verdict) ? verdict.left.reason : "";
};

describe("planted mistakes in decoding are noticed", () => {
  test("a step that forgets the places before it", () => {
    const forgetful: Speaker["model"] = {
      ...model,
      step: (params, token, carry) => {
        const { length } = carry as Cache;
        const [logits] = model.step(params, token, {
          ...(model.begin(params, length) as Cache),
          length,
        });
        const [, after] = model.step(params, token, carry);
        return [logits, after];
      },
    };
    expect(breaks(stepByStep, forgetful)).toContain("logits after 2");
    expect(breaks(greedyDecoding, forgetful)).toContain("not [");
  });

  test("a step at the place after its own", () => {
    const early: Speaker["model"] = {
      ...model,
      step: (params, token, carry) => {
        const cache = carry as Cache;
        return model.step(params, token, { ...cache, length: add(cache.length, 1) as Expr });
      },
    };
    expect(breaks(stepByStep, early)).toContain("logits after 1");
  });
});
