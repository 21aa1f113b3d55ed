import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

/** An exported name, and the file that declares it. */
interface Exported {
  readonly name: string;
  readonly file: string;
}

/** The names that a module re-exports, with the files that declare them. */
const exportsOf = (file: string): readonly Exported[] => {
  const text = readFileSync(file, "utf8");
  const at = (path: string) => resolve(dirname(file), path);
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gms)].flatMap(
    ([, names = "", path = ""]) =>
      names
        .split(",")
        .map(
          (name) =>
            name
              .trim()
              .replace(/^type /, "")
              .split(" as ")[0] ?? "",
        )
        .filter((name) => name !== "")
        .flatMap((name) => declared(at(path), name)),
  );
  const starred = [...text.matchAll(/^export \* (?:as \w+ )?from "([^"]+)"/gm)].flatMap(
    ([, path = ""]) => exportsOf(at(path)),
  );
  const own = [
    ...text.matchAll(/^export (?:const|interface|type|class|function|abstract class) ([\w$]+)/gm),
  ].map(([, name = ""]) => ({ name, file }));
  return [...named, ...starred, ...own];
};

/** Finds the declaration of an exported name: in the module itself, or in one that it re-exports. */
const declared = (file: string, name: string): readonly Exported[] => {
  const found = exportsOf(file).find((one) => one.name === name);
  return found === undefined ? [] : [found];
};

const declaration = (name: string): RegExp =>
  new RegExp(
    `^export (?:const|interface|type|class|function|abstract class) ${name.replaceAll("$", "\\$")}(?![\\w$])`,
    "m",
  );

/** Whether the first declaration of a name has a docstring right above it. */
const isDocumented = (text: string, name: string): boolean => {
  const start = text.search(declaration(name));
  return start >= 0 && text.slice(0, start).trimEnd().endsWith("*/");
};

describe("every public name", () => {
  const all = [...new Map(exportsOf(root).map((one) => [`${one.file} ${one.name}`, one])).values()];

  it("is found", () => {
    const names = all.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["dense", "Tensor", "train$", "ShapeMismatch"]));
    expect(names.length).toBeGreaterThan(400);
  });

  it("has a docstring", () => {
    const silent = all.filter(({ name, file }) => !isDocumented(readFileSync(file, "utf8"), name));
    const where = silent.map(
      ({ name, file }) => `${file.slice(file.indexOf("/src/") + 1)} ${name}`,
    );
    expect(where).toEqual([]);
  });

  it("without one is caught", () => {
    expect(isDocumented("/** A. */\nexport const a = 1;\nexport const b = 2;", "a")).toBe(true);
    expect(isDocumented("/** A. */\nexport const a = 1;\nexport const b = 2;", "b")).toBe(false);
  });
});
