import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import * as Effect from "effect/Effect";
import { tokenizeWords } from "../../src/data/index.ts";
import { DataSourceError } from "../../src/index.ts";
import { hashOf } from "./hash.ts";

/** A package of Debian, as apt's lists have it. */
export interface Package {
  readonly name: string;
  /** The package of sources that it is built from, with all its siblings. */
  readonly source: string;
  /** What it is, in a line. */
  readonly description: string;
  /** Where the archive puts it, such as `games`; without the area, such as `non-free/`. */
  readonly section: string;
  /** What people say it is and does, such as `use::gameplaying`. */
  readonly tags: readonly string[];
}

/**
 * The packages in a text of control stanzas: the first of each name, if it has a section and a description.
 *
 * **Source** Debian Policy Manual, chapter 5: control files and their fields.
 */
export const parsePackages = (text: string): readonly Package[] => {
  const found = new Map<string, Package>();
  for (const stanza of text.split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of stanza.split("\n"))
      if (/^[ \t]/.test(line)) fields.set(last, `${fields.get(last) ?? ""}\n${line.trim()}`);
      else {
        const colon = line.indexOf(":");
        last = line.slice(0, Math.max(colon, 0)).toLowerCase();
        fields.set(last, line.slice(colon + 1).trim());
      }
    const [name, section] = [fields.get("package"), fields.get("section")?.split("/").at(-1)];
    const [description = ""] = (
      fields.get("description") ??
      fields.get("description-en") ??
      ""
    ).split("\n");
    if (!name || !section || description === "" || found.has(name)) continue;
    const source = fields.get("source")?.split(/[\s(]/, 1)[0] || name;
    const tags = (fields.get("tag") ?? "").split(/[\s,]+/).filter((tag) => tag !== "");
    found.set(name, { name, source, description, section, tags });
  }
  return [...found.values()];
};

/** Whether a name belongs to the tenth that is held out, on every machine and in every release the same. */
export const heldOut = (name: string): boolean => hashOf(name) % 10 === 0;

/** Descriptions by their words, without numbers: those that differ only in a version, capitals or punctuation are the same. */
export const wordsOf = (description: string): string =>
  tokenizeWords(description)
    .filter((word) => !/^\d+$/.test(word))
    .join(" ");

/**
 * The family of each package: those that have a source or a description in common, and theirs. A family is named by the
 * first of its sources.
 */
export const familiesOf = (packages: readonly Package[]): readonly string[] => {
  const parent = new Map<string, string>();
  const rootOf = (of: string): string => {
    let root = of;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root))
      root = up;
    // What was walked leads there at once the next time.
    for (let at = of; at !== root; ) {
      const next = parent.get(at) ?? root;
      parent.set(at, root);
      at = next;
    }
    return root;
  };
  for (const { source, description } of packages) {
    const [a, b] = [rootOf(`source ${source}`), rootOf(`words ${wordsOf(description)}`)].sort();
    if (a !== undefined && b !== undefined && a !== b) parent.set(b, a);
  }
  return packages.map(({ source }) => rootOf(`source ${source}`));
};

/** The most that is read of apt: Debian 12 has 50 MiB. In bytes and in milliseconds. */
const [most, patience] = [2 ** 28, 120_000];
/** Fewer packages are a machine whose lists were not fetched. */
const fewest = 20_000;
const command = "apt-cache dumpavail";
const fetching = "sudo apt-get update";

const refused = (reason: string, fix: { readonly command?: string; readonly help?: string }) =>
  new DataSourceError({ source: command, reason, ...fix });
const noApt = {
  help: "run this on Debian or a system made from it, or in a container of one, after apt-get update",
};

/** Runs a command, and reads at most so many bytes of what it says. */
const said = (program: string, args: readonly string[]) =>
  Effect.callback<string, DataSourceError>((resume) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    const parts: Buffer[] = [];
    let size = 0;
    const fail = (reason: string, fix: Parameters<typeof refused>[1]) => {
      clearTimeout(timer);
      child.kill();
      resume(Effect.fail(refused(reason, fix)));
    };
    const timer = setTimeout(
      () => fail(`it took more than ${patience / 1000} s`, { command: fetching }),
      patience,
    );
    child.on("error", (cause) => fail(`apt is not there: ${cause.message}`, noApt));
    child.stdout.on("data", (part: Buffer) => {
      size += part.length;
      if (size > most) fail(`it says more than ${most} bytes`, { command: fetching });
      else parts.push(part);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code !== 0) fail(`it ended with ${code}`, { command: fetching });
      else resume(Effect.succeed(new TextDecoder().decode(Buffer.concat(parts))));
    });
    return Effect.sync(() => {
      clearTimeout(timer);
      child.kill();
    });
  });

/** Checks whether apt and its lists are there, without reading them. */
export const packagesAvailable = Effect.suspend(() => {
  const folders = (process.env.PATH ?? "").split(":");
  if (!folders.some((folder) => existsSync(`${folder}/apt-cache`)))
    return Effect.fail(refused("apt is not there", noApt));
  const lists = "/var/lib/apt/lists";
  return existsSync(lists) && readdirSync(lists).some((name) => name.includes("_Packages"))
    ? Effect.void
    : Effect.fail(refused("apt has no lists of packages", { command: fetching }));
});

/**
 * The packages that apt knows: their names, one-line descriptions, sections and tags.
 *
 * **Source** the archive of Debian or of a system made from it. Descriptions and tags are those of the packages' maintainers
 * and of debtags.
 * **Fails with** `DataSourceError`, with what is needed, where apt is not there or knows too few packages.
 */
export const packages = Effect.gen(function* () {
  yield* packagesAvailable;
  const known = parsePackages(yield* said("apt-cache", ["dumpavail"]));
  return known.length < fewest
    ? yield* refused(`it knows ${known.length} packages, fewer than ${fewest}`, {
        command: fetching,
      })
    : known;
});
