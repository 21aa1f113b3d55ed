import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import packageJson from "./package.json" with { type: "json" };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A module that the package exports, and the source that it is built from. */
const sources = Object.entries(packageJson.exports).flatMap(([name, target]) =>
  typeof target === "string" || name.includes("*")
    ? []
    : [[name.slice(1), target.default.replace("./dist/", "./").replace(/\.js$/, ".ts")] as const],
);

export default defineConfig({
  resolve: {
    // Examples and type tests import the package by its name, as a user does; they see the sources.
    alias: [
      ...sources.map(([name, source]) => ({
        find: new RegExp(`^fluxion${name}$`),
        replacement: here(source),
      })),
      { find: /^fluxion\/pipelines\/(.+)$/, replacement: here("./pipelines/$1.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // One more than the default leaves no core idle: vitest's own process has little to do.
    maxWorkers: "100%",
    globalSetup: here("test/laws/ran.ts"),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
