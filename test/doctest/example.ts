import { posix } from "node:path";

/** One documented example: the code of a ```ts block, and the file and line where the code begins. */
export interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  /** The exports of the file: an example may use them without an import, like the text around it. */
  readonly exports: readonly string[];
  /** False for ```ts no-run: such a block is type-checked but not executed. */
  readonly run: boolean;
}

/** The characters that a docstring puts before each line of its text. */
const gutter = /^\s*\* ?/;
const exported = /^export\s+(?:declare\s+)?(?:const|function|class)\s+([\w$]+)/gm;
const exportList = /^export\s*\{([^}]*)\}/gm;
const exportsOf = (text: string): readonly string[] => {
  const declared = [...text.matchAll(exported)].map((match) => match[1] as string);
  const listed = [...text.matchAll(exportList)]
    .flatMap((match) => (match[1] as string).split(","))
    .filter((item) => !item.trim().startsWith("type "))
    .map((item) => (item.split(/\sas\s/).at(-1) as string).trim());
  return [...new Set([...declared, ...listed])].filter((name) => name !== "");
};
const opening = /^```ts( no-run)?\s*$/;

/** Finds every ```ts block of a Markdown page, or of the docstrings of a source file. */
export const examplesOf = (file: string, text: string): readonly Example[] => {
  const markdown = file.endsWith(".md");
  const exports = markdown ? [] : exportsOf(text);
  const found: Example[] = [];
  let block: { readonly line: number; readonly run: boolean; readonly code: string[] } | undefined;
  for (const [n, raw] of text.split("\n").entries()) {
    const line = markdown ? raw : raw.replace(gutter, "");
    const start = markdown || gutter.test(raw) ? opening.exec(line) : null;
    if (block !== undefined && line.startsWith("```")) {
      found.push({ file, line: block.line, run: block.run, exports, code: block.code.join("\n") });
      block = undefined;
    } else if (block !== undefined) block.code.push(line);
    else if (start !== null) block = { line: n + 2, run: start[1] === undefined, code: [] };
  }
  return found;
};

const expectation = /^(.*?)\s*\/\/ => ?(.*)$/;

/** The number of open brackets: a statement continues while there are any. */
const depthOf = (code: string): number => {
  const bare = code.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\/.*$/gm, "");
  return (bare.match(/[([{]/g)?.length ?? 0) - (bare.match(/[)\]}]/g)?.length ?? 0);
};

/** Turns a statement into a check of its value: of the expression, the declared name, or the printed value. */
const checked = (statement: string, expected: string, where: string): string => {
  const rest = `${JSON.stringify(expected)}, ${JSON.stringify(where)})`;
  const body = statement.trim().replace(/;$/, "");
  const declared = /^(?:const|let)\s+(\w+)/.exec(body)?.[1];
  if (declared !== undefined)
    return `${statement.replace(/;?$/, ";")} $check(${declared}, ${rest};`;
  const printed = /^console\.log\(([\s\S]*)\)$/.exec(body)?.[1];
  return `$check(${printed ?? body}, ${rest};`;
};

const word = (name: string): string => `(?<![\\w$.])${name.replaceAll("$", "\\$")}(?![\\w$])`;
const uses = (code: string, name: string): boolean => new RegExp(word(name)).test(code);
const binds = (code: string, name: string): boolean =>
  new RegExp(
    `^\\s*(?:import\\b[^;]*|(?:const|let|function|class)\\s[^=(]*)${word(name)}`,
    "m",
  ).test(code);

const relative = /(\bfrom\s*")(\.[^"]+)/g;
const fromGenerated = (file: string, specifier: string): string =>
  posix.relative("test/doctest/.generated", posix.join(posix.dirname(file), specifier));

/**
 * The module that runs an example. Each `statement // => value` becomes a check of the value. Every line keeps its
 * number, so that a line of the module is a line of the example.
 */
export const moduleOf = ({ file, line, code, exports }: Example): string => {
  const lines = code
    .replace(relative, (_, before, path) => before + fromGenerated(file, path))
    .split("\n");
  const out: string[] = [];
  let statement: string[] = [];
  let n = 0;
  while (n < lines.length) {
    const current = lines[n] as string;
    const match = expectation.exec(current);
    if (match === null) {
      statement.push(current);
      const text = statement.join("\n");
      const next = expectation.exec(lines[n + 1] ?? "");
      // A statement continues until its brackets are closed and it ends. A `// =>` on the next line belongs to it.
      const ends = /[;}]\s*$/.test(current) || current.trim() === "" || /^\s*\/\//.test(current);
      if (depthOf(text) <= 0 && ends && !(next !== null && next[1] === "")) {
        out.push(...statement);
        statement = [];
      }
      n++;
    } else {
      const where = `${file}:${line + n}`;
      const expected = [match[2] as string];
      if (match[1] !== "") statement.push(match[1] as string);
      n++;
      for (let more = expectation.exec(lines[n] ?? ""); more?.[1] === ""; n++) {
        expected.push(more[2] as string);
        more = expectation.exec(lines[n + 1] ?? "");
      }
      out.push(...checked(statement.join("\n"), expected.join("\n"), where).split("\n"));
      while (out.length < n) out.push("");
      statement = [];
    }
  }
  const free = exports.filter((name) => uses(code, name) && !binds(code, name));
  const own = `import { ${free.join(", ")} } from "${fromGenerated(file, `./${posix.basename(file)}`)}";`;
  return [
    ...out,
    ...statement,
    // Imports are hoisted: placed at the end, they move no line.
    'import { check as $check } from "../check.ts";',
    ...(free.length === 0 ? [] : [own]),
    "",
  ].join("\n");
};
