import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { type CtcBeam, ctcBeamSearch, ctcGreedySearch } from "../../../src/nn/generate/ctc.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

const step = (...shares: readonly number[]) => shares.map(Math.log);

describe("decoding of CTC", () => {
  // Graves (2012), figure 7.7: at both time steps the blank is likelier, but most paths say the label.
  const pair = tensor([[step(0.6, 0.4), step(0.6, 0.4)]]);
  const best = (logits: Tensor, options: CtcBeam) => Effect.runSync(ctcBeamSearch(logits, options));

  it("greedy, takes the best path, and a beam the best labels", () => {
    const [path] = Effect.runSync(ctcGreedySearch(pair));
    expect(path?.labels).toEqual([]);
    expect(Math.exp(path?.logProbability ?? 0)).toBeCloseTo(0.36, 6);
    const [found = []] = best(pair, { width: 2 });
    expect(found.map(({ labels }) => labels)).toEqual([[1], []]);
    [0.64, 0.36].forEach((p, i) => {
      expect(Math.exp(found[i]?.logProbability ?? 0)).toBeCloseTo(p, 6);
    });
  });

  it("adds what a language model and a bonus say, by hand", () => {
    // Three classes: paths of one label have 2·0.2·0.5 + 0.2² = 0.24, and 0.3² + 2·0.3·0.5 = 0.39.
    const logits = tensor([[step(0.5, 0.2, 0.3), step(0.5, 0.2, 0.3)]]);
    const of = (options: Omit<CtcBeam, "width">) =>
      best(logits, { width: 9, ...options })[0]?.map(({ labels, score }) => [
        labels.join(""),
        Math.exp(score).toFixed(4),
      ]);
    expect(of({})?.slice(0, 3)).toEqual([
      ["2", "0.3900"],
      ["", "0.2500"],
      ["1", "0.2400"],
    ]);
    // Each label counts three times.
    const more = of({ bonus: Math.log(3) }) ?? [];
    // The order of equals is that of their rounding.
    expect(Object.fromEntries(more)).toEqual({
      ...{ "2": "1.1700", "1": "0.7200", "12": "0.5400", "21": "0.5400", "": "0.2500" },
    });
    expect(more.map(([, share]) => share)).toEqual([
      "1.1700",
      "0.7200",
      "0.5400",
      "0.5400",
      "0.2500",
    ]);
    // 1 is twice as likely at the start, and never after another label.
    const languageModel = (labels: readonly number[], label: number) =>
      label === 2 ? 0 : labels.length === 0 ? Math.log(2) : Number.NEGATIVE_INFINITY;
    expect(of({ languageModel })).toEqual([
      ["1", "0.4800"],
      ["2", "0.3900"],
      ["", "0.2500"],
      ["12", "0.1200"],
    ]);
  });

  it("reads each example of a batch up to its length, and nothing beyond", () => {
    const logits = tensor([
      [
        [0, 9],
        [Number.NaN, Number.NaN],
      ],
      [
        [0, 9],
        [9, 0],
      ],
      [
        [Number.NaN, 0],
        [0, 0],
      ],
    ]);
    const lengths = [1, 2, 0];
    expect(Effect.runSync(ctcGreedySearch(logits, { lengths })).map((e) => e.labels)).toEqual([
      [1],
      [1],
      [],
    ]);
    expect(best(logits, { lengths, width: 1 }).map(([e]) => e?.labels)).toEqual([[1], [1], []]);
    expect(best(zeros([0, 3, 2]), { width: 1 })).toEqual([]);
  });

  it("fails where logits define no distribution, with the example and the time step", () => {
    const logits = tensor([[[0, 0]], [[Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]]]);
    for (const search of [ctcGreedySearch(logits), ctcBeamSearch(logits, { width: 1 })]) {
      const made = Effect.runSync(
        Effect.result(search as Effect.Effect<unknown, { _tag: string }>),
      );
      expect(Result.isFailure(made) && made.failure).toMatchObject({
        ...{ _tag: "NonFiniteLogits", position: 0, value: Number.NEGATIVE_INFINITY },
      });
      expect(Result.isFailure(made) && String(made.failure)).toContain("after 0 time steps");
    }
  });

  it("refuses what is no batch, lengths beyond it, and a language model that gives NaN", () => {
    expect(() => ctcGreedySearch(zeros([2, 3]))).toThrow("[batch, time, classes]");
    expect(() => ctcGreedySearch(zeros([1, 2, 3]), { lengths: [3] })).toThrow("from 0 to 2");
    expect(() => ctcGreedySearch(zeros([2, 2, 3]), { lengths: [1] })).toThrow("2 examples");
    expect(() => ctcBeamSearch(zeros([1, 2, 3]), { width: 1, blank: 3 })).toThrow("from 0 to 2");
    const search = ctcBeamSearch(zeros([1, 2, 3]), { width: 1, languageModel: () => Number.NaN });
    const made = Effect.runSync(Effect.result(search));
    expect(Result.isFailure(made) && made.failure).toMatchObject({
      ...{ _tag: "InvalidArgument", argument: "languageModel([], 1)", actual: "NaN" },
    });
  });
});
