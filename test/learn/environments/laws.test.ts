import { laws } from "../../../laws/index.ts";
import { environmentCases } from "../../../laws/registry/training/environments.ts";
import { holds } from "../../../laws/vitest.ts";

holds(laws.environment, environmentCases, { runs: 2 });
