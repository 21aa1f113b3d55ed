import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";

/** The suite's own settings, for the tests that `mutate.ts` names. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: JSON.parse(process.env.FLUXION_TESTS ?? "[]") as string[] },
});
