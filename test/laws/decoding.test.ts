import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check, type Law } from "../../laws/law.ts";
import { type CtcDecoder, ctcAlignments } from "../../laws/networks/ctcDecoders.ts";
import { type Decoder, noInventedTokens } from "../../laws/networks/decoders.ts";
import {
  decodingLaws,
  greedyDecoding,
  type Speaker,
  stepByStep,
} from "../../laws/networks/decoding.ts";
import { ctcDecoders, decoders } from "../../laws/registry/networks/decoders.ts";
import { speakers } from "../../laws/registry/networks/sequenceModels.ts";
import { holds } from "../../laws/vitest.ts";
import type { Expr } from "../../src/index.ts";
import { add } from "../../src/ir/index.ts";
import type { Transcript } from "../../src/nn/generate/ctc.ts";
import type { Cache } from "../../src/nn/index.ts";
import { gpt, transformer } from "../../src/nn/models/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

holds(decodingLaws, speakers);
holds([noInventedTokens], decoders, { runs: 100 });
holds([ctcAlignments], ctcDecoders, { runs: 200 });

const model = gpt({ vocabulary: 5, positions: 6, width: 4, blocks: 2, heads: 2 });
const breaks = (law: Law<Speaker>, wrong: Speaker["model"]): string => {
  const verdict = check(law, { name: "wrong", model: wrong });
  return isLeft(verdict) ? verdict.left.reason : "";
};

describe("planted mistakes in decoding are caught", () => {
  test("a step that forgets earlier positions", () => {
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

  test("a step at the wrong position", () => {
    const early: Speaker["model"] = {
      ...model,
      step: (params, token, carry) => {
        const cache = carry as Cache;
        return model.step(params, token, { ...cache, length: add(cache.length, 1) as Expr });
      },
    };
    expect(breaks(stepByStep, early)).toContain("logits after 1");
  });

  test("a step that forgets what it may copy", () => {
    const source = { vocabulary: 4, length: 3, padding: 0 };
    const sizes = { source, vocabulary: 4, positions: 4, width: 2, blocks: 1, heads: 1 };
    const copier = transformer({ ...sizes, copies: true });
    const unable: Speaker["model"] = {
      ...copier,
      step: (params, token, carry) => {
        const { tokens, ...others } = carry as { readonly tokens: Expr };
        const [logits, next] = copier.step(params, token, others);
        return [logits, { ...(next as object), tokens }];
      },
    };
    expect(breaks(stepByStep, unable)).toContain("logits after 1");
  });
});

describe("a decoder that invents tokens is noticed", () => {
  /** Greedy search that looks at logits with `refuses`, from a step on. */
  const greedy =
    (refuses: (x: readonly number[]) => boolean, since = 0): Decoder["decode"] =>
    (model, { from, length, until }) => {
      let [state, logits] = [model.start, [] as readonly number[]];
      const told = (token: number): void => {
        const made = Effect.runSync(model.next(state, token));
        state = made.state;
        logits = Array.from(made.logits.toTypedArray());
      };
      for (const token of from) told(token);
      const tokens: number[] = [];
      for (let t = 0; t < length; t++) {
        if (t >= since && refuses(logits))
          return { refused: "NonFiniteLogits", position: from.length + t };
        const token = logits.reduce((best, x, i) => (x > (logits[best] as number) ? i : best), 0);
        if (token === until) break;
        tokens.push(token);
        told(token);
      }
      return { sequences: [tokens] };
    };
  const wild = (x: readonly number[]): boolean =>
    x.some((v) => Number.isNaN(v) || v === Number.POSITIVE_INFINITY);
  const allImpossible = (x: readonly number[]): boolean =>
    x.every((v) => v === Number.NEGATIVE_INFINITY);

  test.each<readonly [mistake: string, decode: Decoder["decode"]]>([
    ["NaN is 0", greedy(allImpossible)],
    ["nothing is possible", greedy(wild)],
    ["its first step", greedy((x) => wild(x) || allImpossible(x), 1)],
    ["∞ is a number", greedy((x) => x.some(Number.isNaN) || allImpossible(x))],
  ])("%s", (name, decode) => {
    const verdict = check(noInventedTokens, { name, decode }, { runs: 100 });
    expect(isLeft(verdict) && verdict.left.reason).toContain("no distribution");
  });

  test("and the same that looks at all of them is right", () => {
    const decode = greedy((x) => wild(x) || allImpossible(x));
    expect(isLeft(check(noInventedTokens, { name: "greedy", decode }, { runs: 100 }))).toBe(false);
  });
});

describe("a wrong search of CTC is noticed", () => {
  const [greedy, beam] = ctcDecoders as readonly [CtcDecoder, CtcDecoder];
  const changed = (of: CtcDecoder, change: (found: readonly Transcript[]) => Transcript[]) => ({
    ...of,
    decode: (logits: Tensor, blank: number) => {
      const made = of.decode(logits, blank);
      return "found" in made ? { found: change(made.found) } : made;
    },
  });
  test.each<readonly [mistake: string, wrong: CtcDecoder, said: string]>([
    [
      "greedy search as if it found the best labels",
      { ...greedy, kind: "all labels" },
      "not found",
    ],
    ["the best labels in place of the best path", { ...beam, kind: "best path" }, ", not ["],
    [
      "one path for each labeling",
      changed(beam, (found) => found.map((each) => ({ ...each, logProbability: each.score - 1 }))),
      "ln p of",
    ],
    ["the worst first", changed(beam, (found) => found.toReversed()), "too late"],
    [
      "repeats that are not merged",
      changed(greedy, (found) => found.map((e) => ({ ...e, labels: e.labels.concat(e.labels) }))),
      ", not [",
    ],
    [
      "NaN as 0",
      {
        ...greedy,
        decode: (logits, blank) => {
          const data = Array.from(Tensor.read(logits), (x) =>
            Number.isNaN(Number(x)) ? 0 : Number(x),
          );
          return greedy.decode(Tensor.own(logits.shape, "f64", Float64Array.from(data)), blank);
        },
      },
      "has no distribution",
    ],
  ])("%s", (_, wrong, said) => {
    const verdict = check(ctcAlignments, wrong, { runs: 400 });
    expect(isLeft(verdict) && verdict.left.reason).toContain(said);
  });
});
