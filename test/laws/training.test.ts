import { describe } from "vitest";
import { metricLaws } from "../../laws/metrics.ts";
import { optimizerLaws } from "../../laws/optimizers.ts";
import { metricCases } from "../../laws/registry/metrics.ts";
import { optimizerCases } from "../../laws/registry/optimizers.ts";
import { holds } from "../../laws/vitest.ts";

describe("optimizers", () => {
  holds(optimizerLaws, optimizerCases);
});

describe("metrics", () => {
  holds(metricLaws, metricCases);
});
