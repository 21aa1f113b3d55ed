import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { violations } from "./rules.ts";
import { readTree, topLevelFolders } from "./tree.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the repository keeps its architecture", () => {
  const tops = topLevelFolders(root);
  const tree = readTree(
    root,
    ["src", "pipelines", "laws", "test"].filter((folder) => tops.includes(folder)),
  );
  const found = violations(tree, tops).map((v) => `${v.rule}: ${v.where}: ${v.what}`);
  expect(found).toEqual([]);
});

/** A tree with a planted mistake, and the rule that must catch it. */
const planted: readonly (readonly [rule: string, tree: Readonly<Record<string, string>>])[] = [
  ["direction", { "src/ir/a.ts": 'import { b } from "../nn/b.ts";', "src/nn/b.ts": "" }],
  ["direction", { "src/ir/a.ts": 'import type { b } from "../rules/b.ts";' }],
  ["direction", { "src/ir/a.ts": 'export {\n  type b,\n  c,\n} from "../rules/b.ts";' }],
  ["direction", { "src/ir/a.ts": 'type B = import("../rules/b.ts").B;' }],
  ["direction", { "src/nn/a.ts": 'import "../optim/b.ts";' }],
  ["direction", { "src/backend/plan/a.ts": 'import type { b } from "../wasm/kernels/b.ts";' }],
  ["direction", { "src/backend/plan/fuse/a.ts": 'import { b } from "../../c/b.ts";' }],
  ["direction", { "src/backend/c/a.ts": 'import { b } from "../wasm/b.ts";' }],
  ["direction", { "src/index.ts": 'export * from "./cli/main.ts";' }],
  ["direction", { "src/train/a.ts": 'export * from "../../laws/b.ts";' }],
  ["direction", { "pipelines/a.ts": 'import { x } from "../src/nn/b.ts";' }],
  ["direction", { "pipelines/data/a.ts": 'import { x } from "../baselines/b.ts";' }],
  ["direction", { "laws/a.ts": 'import { x } from "../pipelines/b.ts";' }],
  [
    "cycle",
    {
      "src/ir/a.ts": 'import { b } from "./b.ts";',
      "src/ir/b.ts": 'import { c } from "./c.ts";',
      "src/ir/c.ts": 'import { a } from "./a.ts";',
    },
  ],
  ["ending", { "src/ir/a.ts": 'import { b } from "./b.js";' }],
  ["library", { "src/data/a.ts": 'import { Option } from "effect";' }],
  ["library", { "src/data/a.ts": 'import {\n  Effect,\n  Schema as S,\n} from "effect";' }],
  ["library", { "src/data/a.ts": 'import * as Stream from "effect/Stream";' }],
  ["library", { "src/tree/a.ts": 'import * as T from "fp-ts/lib/TaskEither.js";' }],
  ["library", { "src/tree/a.ts": 'import * as T from "fp-ts/lib/IO.js";' }],
  ["library", { "src/tree/a.ts": 'import { pipe } from "fp-ts/function";' }],
  ["library", { "src/nn/a.ts": 'import * as t from "io-ts/lib/index.js";' }],
  ["library", { "src/tensor/a.ts": 'import { map } from "rxjs";' }],
  ["library", { "src/train/a.ts": 'import fc from "fast-check";' }],
  ["library", { "src/nn/a.ts": 'import { readFileSync } from "node:fs";' }],
  ["library", { "src/data/a.ts": 'import _ from "lodash";' }],
  ["room", { "src/engine/a.ts": "" }],
  ["name", { "src/nn/utils.ts": "" }],
  ["name", { "src/nn/shapeHelpers.ts": "" }],
  ["name", { "src/misc/a.ts": "" }],
  ["name", { "src/nn/a.ts": "export class MemoryManager {}" }],
  ["type escape", { "src/nn/a.ts": "const f = (x: any) => x;" }],
  ["type escape", { "src/nn/a.ts": "const y = x as any;" }],
  ["type escape", { "src/nn/a.ts": "\n\nconst y = x as unknown as string;" }],
  ["suppression", { "src/nn/a.ts": "// @ts-expect-error\nf(1);" }],
  ["suppression", { "src/nn/a.ts": "// biome-ignore lint/style/useConst:\nlet x = 1;" }],
  ["spread", { "src/nn/a.ts": "const m = Math.max(...logits);" }],
  ["spread", { "laws/a.ts": "const m = Math.min(\n  0,\n  ...xs.map((x) => x),\n);" }],
  ["spread", { "src/data/a.ts": "all.push(...rows);" }],
  ["spread", { "pipelines/a.ts": "const text = String.fromCharCode(...bytes);" }],
  ["optional", { "src/data/a.ts": 'const load = () => import("fflate");' }],
  [
    "crowded",
    Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`src/nn/layers/a${i}.ts`, ""])),
  ],
  [
    "crowded",
    Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`pipelines/baselines/a${i}.ts`, ""])),
  ],
  ["length", { "src/nn/a.ts": "\n".repeat(401) }],
];

describe("a planted mistake is caught", () => {
  test.each(planted)("%s, tree %#", (rule, tree) => {
    expect(violations(new Map(Object.entries(tree))).map((v) => v.rule)).toContain(rule);
  });
  test("folder", () => {
    expect(violations(new Map(), ["src", "scripts"]).map((v) => v.rule)).toEqual(["folder"]);
  });
});

/** Correct code that a naive text search would report. */
const innocent: readonly Readonly<Record<string, string>>[] = [
  {
    "src/ir/a.ts":
      '/**\n * ```ts\n * import { x } from "fluxion";\n * ```\n */\nexport const a = 1;',
  },
  { "src/ir/a.ts": '// import { x } from "../nn/x.ts";' },
  { "src/cli/main.ts": 'import * as fluxion from "../index.ts";', "src/index.ts": "" },
  {
    "src/backend/wasm/a.ts": 'import type { b } from "../plan/b.ts";\nimport { c } from "../c.ts";',
  },
  { "src/data/a.ts": 'import * as Effect from "effect/Effect";' },
  {
    "src/ir/a.ts": "/** Works for any value: any shape. */\nexport const commonSubexpressions = 1;",
  },
  { "src/nn/a.ts": "// sound: S and number[] have one layout\nconst y = x as unknown as S;" },
  { "src/data/a.ts": "out.push({ ...x, y });\nout.push([...a, b]);\ngrow(...axes);" },
  { "src/data/a.ts": "const kind = String.fromCharCode(...bytes.subarray(0, 4));" },
  { "src/data/a.ts": 'const load = () => import("fflate").catch(absent);' },
  { "src/ir/a.ts": 'type Kind = import("./b.ts").Kind;', "src/ir/b.ts": "" },
  { "laws/a.ts": 'import fc from "fast-check";\nimport { x } from "../src/nn/x.ts";' },
];

test.each(innocent)("innocent tree %# passes", (tree) => {
  expect(violations(new Map(Object.entries(tree)))).toEqual([]);
});
