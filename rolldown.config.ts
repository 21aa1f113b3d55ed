import { globSync, readFileSync, rmSync } from "node:fs";
import { defineConfig } from "rolldown";

/**
 * Joins the modules of src/ and laws/ that the compiler has written to dist/: a program loads some fifty files of ours in
 * place of five hundred, in half the time, and so does each worker. Pipelines stay as they are written, to be read.
 */

const packed: {
  readonly exports: { readonly [path: string]: string | { readonly default: string } };
} = JSON.parse(readFileSync("package.json", "utf8"));

/** What is imported by name: the rooms of the package, the command line, and the module of its workers. */
const entries = [
  ...Object.values(packed.exports).flatMap((to) => (typeof to === "string" ? [] : [to.default])),
  "./dist/src/cli/main.js",
  "./dist/src/cli/trainWorker.js",
].filter((file) => /^\.\/dist\/(src|laws)\//.test(file));

const inDist = (file: string): string => file.slice("./dist/".length, -".js".length);

export default defineConfig({
  input: Object.fromEntries(entries.map((file) => [inDist(file), file])),
  external: /^[^./]/,
  platform: "neutral",
  plugins: [
    {
      name: "remove what was joined",
      renderStart: () => {
        for (const file of globSync("dist/{src,laws}/**/*.js")) rmSync(file);
      },
    },
  ],
  output: {
    dir: "dist",
    entryFileNames: "[name].js",
    // As deep as the folder of the command line, which finds the pipelines from where it is.
    chunkFileNames: "src/joined/[name]-[hash].js",
    // Layers are named after their functions.
    keepNames: true,
  },
});
