import { expect, it } from "vitest";
import { unsaid } from "./unsaid.ts";

const printed = [
  "test       loss 5.5926  mrr 0.2953  top1 0.2000  top10 0.4805",
  "baseline   mrr 0.2048  (TF-IDF)",
].join("\n");

it("a run says one number of each list of seeds, rounded", () => {
  expect(unsaid("MRR 0.295, 0.301, 0.311, first 0.200, 0.207 (three seeds)", printed)).toEqual([]);
  expect(unsaid("TF-IDF: MRR 0.205", printed)).toEqual([]);
});

it.each([
  ["another number", "MRR 0.296, 0.301, first 0.200", ["0.296, 0.301"]],
  ["more decimals than were printed", "MRR 0.29531", ["0.29531"]],
  ["a number rounded the wrong way", "MRR 0.2952", ["0.2952"]],
  ["a part of a longer number", "MRR 1.2953", ["1.2953"]],
  ["a range beside it", "MRR 0.311 to 0.352", ["0.311 to 0.352"]],
])("%s is not what the run says", (_, claimed, wanted) => {
  expect(unsaid(claimed, printed)).toEqual(wanted);
});

it("ranges are kept to, and whole numbers and spreads are no figures", () => {
  expect(unsaid("MRR 0.290 to 0.311 (three seeds, within 0.0123), 52 of 100", printed)).toEqual([]);
});
