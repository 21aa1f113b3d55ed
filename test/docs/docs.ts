import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Makes pages of the docstrings, a module for each room as `package.json` exports them: `npm run docs`.
 *
 * A warning of typedoc is an error: a link to nothing, or a parameter that does not exist. Not part of `npm test`; it
 * needs `npm --prefix test/docs ci` once.
 */
const here = import.meta.dirname;
const root = fileURLToPath(new URL("../..", import.meta.url));
const out = join(here, ".generated");
const typedoc = join(here, "node_modules/typedoc/bin/typedoc");

/** The part of `package.json` that this script reads. */
interface Manifest {
  readonly exports: { readonly [name: string]: string | { readonly default: string } };
}
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** The modules that have a page: the name that one imports, the source, and the name that typedoc gives to it. */
const rooms = Object.entries(manifest.exports).flatMap(([name, target]) => {
  if (typeof target === "string" || name.includes("*")) return [];
  const source = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
  const path = source.replace(/(\/index)?\.ts$/, "");
  return [{ name: `fluxion${name.slice(1)}`, source: join(root, source), path }];
});

const options = {
  name: "fluxion",
  // The root comes last, so that its re-exports have their pages in the modules that define them.
  entryPoints: rooms.toReversed().map(({ source }) => source),
  sort: ["kind", "alphabetical"],
  kindSortOrder: ["Module", "Namespace", "Function", "Variable", "Class", "Interface", "TypeAlias"],
  groupOrder: ["Functions", "Variables", "Classes", "*", "References"],
  basePath: root,
  displayBasePath: root,
  tsconfig: join(root, "tsconfig.build.json"),
  readme: join(root, "README.md"),
  out,
  plugin: [join(here, "rooms.js"), "typedoc-plugin-missing-exports"],
  treatWarningsAsErrors: true,
  excludeExternals: true,
  disableGit: true,
  disableSources: true,
  // Inherited members of Effect would link to Effect's own pages, which are not part of this site.
  externalSymbolLinkMappings: { effect: { "*": "#" } },
  // Types that other types mention but no module exports.
  internalModule: "within",
};

if (!existsSync(typedoc)) {
  console.error("typedoc is not installed\n  fix: npm --prefix test/docs ci");
  process.exitCode = 1;
} else {
  const folder = mkdtempSync(join(tmpdir(), "fluxion-docs-"));
  const settings = join(folder, "typedoc.json");
  writeFileSync(settings, JSON.stringify(options));
  const { status } = spawnSync(process.execPath, [typedoc, "--options", settings], {
    cwd: here,
    stdio: "inherit",
    env: { ...process.env, FLUXION_ROOMS: JSON.stringify(rooms) },
  });
  rmSync(folder, { recursive: true });
  process.exitCode = status ?? 1;
}
