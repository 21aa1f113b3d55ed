import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatError } from "../../src/errors/failure.ts";
import { aligned, table } from "../../src/terminal/table.ts";

/**
 * Tests the packed tarball under other versions of Node, and with bundlers and package managers: `npm run pack-test`,
 * or `npm run pack-test -- webpack pnpm` for some of them. Each test installs its packages in its own folder, trains
 * the first example of the README there, and prints the result. It takes minutes, and is not part of `npm test`.
 */

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The README's first example as a program: it prints the value of its last line. */
const [, example = ""] =
  /```ts\n([\s\S]*?)\n```/.exec(readFileSync(`${root}/README.md`, "utf8")) ?? [];
const program = example.replace(
  /^await (.*?) \/\/ => .*$/m,
  "console.log(JSON.stringify(await $1));",
);
const trained = /\{"accuracy":1\}/;

const peers = ["effect@4", "rxjs@7", "fp-ts@2", "io-ts@2"];

type Command = readonly [file: string, ...args: string[]];

/** A project that uses the package. */
interface Consumer {
  readonly name: string;
  /** The packages that it installs in addition to the tarball and its peers. */
  readonly installs?: readonly string[];
  readonly files?: { readonly [name: string]: string };
  /** The commands that it runs in sequence, with `node_modules/.bin` on the path. */
  readonly runs: readonly Command[];
  /** The expected output of the last command, or the expected content of the file that it writes. */
  readonly prints: RegExp;
  readonly reads?: string;
  /** Whether the last command must fail, as the README says. */
  readonly fails?: boolean;
  /** Whether the tarball is installed by one of the commands. */
  readonly bare?: boolean;
}

const binary = (version: string): string => `node-${process.platform}-${process.arch}@${version}`;
const node = `node_modules/node-${process.platform}-${process.arch}/bin/node`;

const versions: readonly Consumer[] = ["20.19.6", "22.12.0", "22.18.0", "24.0.0", "26.10.0"].map(
  (version) => ({
    name: `Node ${version}, import and require`,
    installs: [binary(version)],
    files: {
      "required.cjs": 'require("fluxion"); import(process.argv[2]);',
    },
    runs: [
      [node, "node_modules/fluxion/src/cli/bin.js", "list"],
      [node, "required.cjs", "./example.js"],
    ],
    prints: trained,
  }),
);

const bundle = (plugins: string): string =>
  [
    'import resolve from "@rollup/plugin-node-resolve";',
    'import commonjs from "@rollup/plugin-commonjs";',
    'export default { input: "example.js", output: { file: "out/bundle.js" },',
    `  plugins: [${plugins}] };`,
  ].join("\n");
const rollup = ["rollup@4", "@rollup/plugin-node-resolve@16", "@rollup/plugin-commonjs@29"];

const bundlers: readonly Consumer[] = [
  {
    name: "Rollup with node-resolve and commonjs",
    installs: rollup,
    files: { "rollup.config.js": bundle("resolve(), commonjs()") },
    runs: [
      ["rollup", "-c"],
      ["node", "out/bundle.js"],
    ],
    prints: trained,
  },
  {
    name: "Rollup without commonjs: fp-ts is CommonJS",
    installs: rollup,
    files: { "rollup.config.js": bundle("resolve()") },
    runs: [["rollup", "-c"]],
    prints: /is not exported by .*fp-ts/,
    fails: true,
  },
  {
    name: "webpack, for a page",
    installs: ["webpack@5", "webpack-cli@7"],
    files: {
      "webpack.config.js": [
        'export default { mode: "production", target: "web", entry: "./example.js",',
        '  output: { filename: "bundle.mjs", module: true }, experiments: { outputModule: true } };',
      ].join("\n"),
    },
    runs: [["webpack"], ["node", "dist/bundle.mjs"]],
    prints: trained,
  },
  {
    name: "Vite, for a page",
    installs: ["vite@8"],
    files: {
      "vite.config.js": [
        'export default { build: { target: "es2022", modulePreload: false,',
        '  rollupOptions: { input: "example.js", output: { entryFileNames: "bundle.js" } } } };',
      ].join("\n"),
    },
    runs: [
      ["vite", "build"],
      ["node", "dist/bundle.js"],
    ],
    prints: trained,
  },
  {
    name: "esbuild, for a page",
    installs: ["esbuild@0.28"],
    runs: [
      ["esbuild", "example.js", "--bundle", "--format=esm", "--outfile=out/bundle.js"],
      ["node", "out/bundle.js"],
    ],
    prints: trained,
  },
  {
    name: "Next, in a server component",
    installs: ["next@16", "react@19", "react-dom@19"],
    files: {
      "app/layout.js":
        "export default ({ children }) => <html lang='en'><body>{children}</body></html>;",
      "app/page.js": program.replace(
        /^console\.log\((.*)\);$/m,
        "const text = $1;\nexport default () => <p>{text}</p>;",
      ),
    },
    runs: [["next", "build"]],
    reads: ".next/server/app/index.html",
    prints: /accuracy&quot;:1/,
  },
];

const managers: readonly Consumer[] = [
  {
    name: "pnpm",
    bare: true,
    runs: [
      // From outside the folder: pnpm moves what another manager installed there, itself as well.
      ["npm", "exec", "--yes", "--", "pnpm@11", "add", "./fluxion.tgz", ...peers],
      ["node", "example.js"],
    ],
    prints: trained,
  },
  {
    name: "npm, beside effect 3: refused",
    bare: true,
    runs: [["npm", "install", "./fluxion.tgz", "effect@3"]],
    prints: /peer effect@"\^4/,
    fails: true,
  },
];

interface Outcome {
  readonly code: number;
  readonly out: string;
}

const run = (cwd: string, [file, ...args]: Command): Promise<Outcome> =>
  new Promise((resolve) => {
    const path = `${join(cwd, "node_modules/.bin")}:${dirname(process.execPath)}:${process.env.PATH}`;
    const env = { ...process.env, PATH: path, NEXT_TELEMETRY_DISABLED: "1", CI: "true" };
    execFile(file, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: out + err }),
    );
  });

/** The reason why a consumer fails its check; `undefined` if it passes. */
const wrong = async (of: Consumer, tarball: string): Promise<string | undefined> => {
  const project = mkdtempSync(join(tmpdir(), "fluxion-consumer-"));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  };
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  write("example.js", program);
  writeFileSync(join(project, "fluxion.tgz"), readFileSync(tarball));
  for (const [name, text] of Object.entries(of.files ?? {})) write(name, text);
  const installs = [...(of.bare ? [] : ["./fluxion.tgz", ...peers]), ...(of.installs ?? [])];
  const install: Command = ["npm", "install", "--no-audit", "--no-fund", ...installs];
  const commands = installs.length === 0 ? of.runs : [install, ...of.runs];
  try {
    for (const [i, command] of commands.entries()) {
      const last = i === commands.length - 1;
      const { code, out } = await run(project, command);
      const fails = last && of.fails === true;
      if ((code !== 0) !== fails) return `${command.join(" ")} exits with ${code}\n${out}`;
      if (!last) continue;
      const said = of.reads === undefined ? out : readFileSync(join(project, of.reads), "utf8");
      if (!of.prints.test(said)) return `${command.join(" ")} prints\n${said}`;
    }
    return undefined;
  } catch (error) {
    return formatError(error);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
};

const wanted = process.argv.slice(2);
const chosen = [...versions, ...bundlers, ...managers].filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
);
const folder = mkdtempSync(join(tmpdir(), "fluxion-pack-"));
const packed = await run(root, ["npm", "pack", "--silent", "--pack-destination", folder]);
const [tarball] = readdirSync(folder);
if (packed.code !== 0 || tarball === undefined) throw new Error(packed.out);
const rows: string[][] = [];
for (const consumer of chosen) {
  const why = await wrong(consumer, join(folder, tarball));
  if (why !== undefined) console.error(`${consumer.name}: ${why}\n`);
  rows.push([consumer.name, why === undefined ? "as said" : "not as said"]);
  console.log(aligned(rows.slice(-1))[0]);
}
rmSync(folder, { recursive: true, force: true });
console.log(table(["consumer", "result"], rows));
process.exitCode = rows.every(([, result]) => result === "as said") ? 0 : 1;
