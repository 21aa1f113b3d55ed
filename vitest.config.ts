import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Examples and type tests import the package by its name, as a user does; they see the sources.
    alias: [
      { find: /^fluxion\/laws\/vitest$/, replacement: here("laws/vitest.ts") },
      { find: /^fluxion\/laws$/, replacement: here("laws/index.ts") },
      { find: /^fluxion$/, replacement: here("src/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: here("test/laws/ran.ts"),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
