import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A source tree as data: the text of each file by its path from the root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>;

/** One import or re-export: where it stands, what it names, and from which module. */
export interface Import {
  readonly file: string;
  readonly line: number;
  /** The module as written. */
  readonly specifier: string;
  /** The file that a relative specifier leads to; `undefined` for a package. */
  readonly target: string | undefined;
  /** The imported names, before any `as`; `*` for a namespace. */
  readonly names: readonly string[];
}

const isIgnored = (name: string): boolean =>
  name.startsWith(".") || name === "node_modules" || name === "dist";

/** The folders at the root that are part of the repository. */
export const topLevelFolders = (root: string): readonly string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !isIgnored(entry.name))
    .map((entry) => entry.name);

/** Reads every TypeScript and JavaScript file below some folders of the root. */
export const readTree = (root: string, folders: readonly string[]): Tree => {
  const walk = (folder: string): readonly string[] =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => !isIgnored(entry.name))
      .flatMap((entry) => {
        const path = posix.join(folder, entry.name);
        return entry.isDirectory() ? walk(path) : /\.[mc]?[jt]s$/.test(path) ? [path] : [];
      });
  return new Map(
    folders.flatMap(walk).map((path) => [path, readFileSync(join(root, path), "utf8")]),
  );
};

/** The lines of a file with comments blanked out, so that a rule about code sees only code. */
export const codeLines = (text: string): readonly string[] => {
  let inside = false;
  return text.split("\n").map((line) => {
    if (inside) {
      const end = line.indexOf("*/");
      if (end < 0) return "";
      inside = false;
      return line.slice(end + 2);
    }
    // A comment begins a line or follows a space; `"https://…"` and `a //` in a string do not count.
    const code = line.replace(/\/\*.*?\*\//g, "").replace(/(^|\s)\/\/.*$/, "");
    const start = code.search(/(^|\s)\/\*/);
    if (start < 0) return code;
    inside = true;
    return code.slice(0, start);
  });
};

const statement =
  /^(?:import|export)(?:\s+type)?\s*([\w$\s{},*]*?)\s*from\s*["']([^"']+)["']|^import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

const namesOf = (clause: string): readonly string[] =>
  clause
    .split(/[{},]/)
    .map((part) => part.trim().replace(/^type\s+/, ""))
    .map((part) => part.split(/\s+as\s+/)[0] as string)
    .filter((name) => name !== "");

/** Every import and re-export of a file, types included. */
export const importsOf = (file: string, text: string): readonly Import[] => {
  const code = codeLines(text).join("\n");
  return [...code.matchAll(statement)].map((match) => {
    const specifier = (match[2] ?? match[3] ?? match[4]) as string;
    return {
      file,
      line: code.slice(0, match.index).split("\n").length,
      specifier,
      target: specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined,
      names: namesOf(match[1] ?? "*"),
    };
  });
};
