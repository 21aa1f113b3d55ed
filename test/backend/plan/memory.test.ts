import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { summarize } from "../../../src/train/index.ts";
import { defaultServices } from "../../../src/train/services.ts";
import { workloads } from "../../bench/workloads/index.ts";

/**
 * The maximum of planned bytes relative to needed bytes: constants, params, optimizer state, and the peak of other live
 * values (batch, activations, gradients, results).
 */
const most = 1.3;

describe("the memory planned for a training step", () => {
  it.each(workloads.map((w) => [w.name, w] as const))(
    "of %s is at most 1.3 times the peak of live bytes",
    async (_, workload) => {
      const pipeline = await workload.load();
      const { plan } = await Effect.runPromise(
        Effect.provide(summarize(pipeline), defaultServices),
      );
      const { planned, needed, arguments: given, constants, temporaries } = plan.bytes;
      expect(planned / needed).toBeLessThanOrEqual(most);
      expect(planned).toBe(given + constants + temporaries);
      expect(needed).toBeGreaterThan(given / 2);
    },
  );
});
