import { optionLaws } from "../../laws/options.ts";
import { layerOptionCases } from "../../laws/registry/layerOptions.ts";
import { linalgOptionCases } from "../../laws/registry/linalgOptions.ts";
import { modelOptionCases } from "../../laws/registry/modelOptions.ts";
import { holds } from "../../laws/vitest.ts";

holds(optionLaws, [...layerOptionCases, ...modelOptionCases, ...linalgOptionCases], { runs: 12 });
