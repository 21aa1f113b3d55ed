import { optionLaws } from "../../laws/options.ts";
import { layerOptionCases } from "../../laws/registry/options/layers.ts";
import { linalgOptionCases } from "../../laws/registry/options/linalg.ts";
import { modelOptionCases } from "../../laws/registry/options/models.ts";
import { holds } from "../../laws/vitest.ts";

holds(optionLaws, [...layerOptionCases, ...modelOptionCases, ...linalgOptionCases], { runs: 12 });
