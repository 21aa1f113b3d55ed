import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import { nearest } from "../../errors/nearest.ts";
import { UnknownName } from "../../errors.ts";
import { type DataFile, type DataFiles, dataAvailable, obtainData } from "../../io/index.ts";
import { recordsText, type Said } from "../../terminal/records.ts";
import { bytesText } from "../../terminal/units.ts";
import { fitted, jsonLine, oneLine } from "../../terminal.ts";
import type { AnyPipeline } from "../../train/pipeline/pipeline.ts";
import { library } from "../library.ts";

/** The folder of packed files beside this repository, where there is one. */
const shared = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

/** A dataset, and the pipelines that read it. */
interface Wanted {
  readonly data: DataFiles;
  readonly pipelines: readonly string[];
}

const wantedBy = (pipelines: readonly AnyPipeline[]): readonly Wanted[] => {
  const found = new Map<string, Wanted>();
  for (const { name, data } of pipelines)
    if (data !== undefined) {
      const before = found.get(data.name)?.pipelines ?? [];
      found.set(data.name, { data, pipelines: [...before, name] });
    }
  return [...found.values()];
};

const sizeOf = ({ files }: DataFiles): number => files.reduce((n, { bytes }) => n + bytes, 0);

const isThere = ({ data }: Wanted): Effect.Effect<boolean> =>
  Effect.match(dataAvailable(data), { onFailure: () => false, onSuccess: () => true });

/** How a list is written. */
interface Written {
  readonly json?: boolean;
  /** The width of the terminal. */
  readonly columns: number;
}

/** All datasets that pipelines declare, with what is there. */
const listedData = Effect.fnUntraced(function* (all: readonly Wanted[], written: Written) {
  const there = yield* Effect.forEach(all, isThere);
  if (written.json === true)
    return all
      .map(({ data, pipelines }, i) => {
        const { name, license, origin } = data;
        return jsonLine({ name, pipelines, bytes: sizeOf(data), license, origin, there: there[i] });
      })
      .join("\n");
  const rows = all.map(({ data, pipelines }, i): readonly Said[] => [
    ["data", data.name],
    ["size", bytesText(sizeOf(data))],
    ["there", there[i] ? "yes" : "no"],
    ["pipelines", pipelines.join(", ")],
    ["license", data.license],
  ]);
  return recordsText(rows, written.columns, { numeric: [1] });
});

/** Shows the progress of a fetch in one line of a terminal; says nothing elsewhere. */
const progressOn =
  ({ isTTY, columns }: typeof process.stderr, all: number) =>
  ({ path, bytes }: DataFile, have: number): void => {
    if (!isTTY) return;
    const share = bytes === 0 ? 100 : Math.floor((100 * have) / bytes);
    const line = `${oneLine(path)}${all > 1 ? ` (of ${all} files)` : ""} ${share} % of ${bytesText(bytes)}`;
    process.stderr.write(`\r\u001b[K${fitted(line, (columns || 80) - 1)}`);
  };

/** How the files came to be there, in words. */
const came = {
  cache: "was there, and is as declared",
  shared: "unpacked from a file of this machine, and verified",
  network: "fetched and verified",
} as const;

/**
 * Obtains the data of a pipeline, or lists that of all. Returns the text to print.
 *
 * **Fails with** `UnknownName`, and the errors of obtaining.
 */
export const obtaining = Effect.fnUntraced(function* (name: string, written: Written) {
  const { pipelines } = yield* library;
  const all = wantedBy(pipelines);
  if (name === "") return yield* listedData(all, written);
  const found = all.find(({ data, pipelines: by }) => data.name === name || by.includes(name));
  if (found === undefined) {
    const known = [...new Set(all.flatMap(({ data, pipelines: by }) => [data.name, ...by]))];
    return yield* new UnknownName({ kind: "data", name, known, nearest: nearest(name, known) });
  }
  const { data } = found;
  const { isTTY } = process.stderr;
  const progress = progressOn(process.stderr, data.files.length);
  const { folder, from } = yield* Effect.ensuring(
    obtainData(data, { shared: [shared], progress }),
    Effect.sync(() => {
      if (isTTY) process.stderr.write("\r\u001b[K");
    }),
  );
  const size = sizeOf(data);
  if (written.json === true) return jsonLine({ name: data.name, folder, from, bytes: size });
  const count = data.files.length === 1 ? "one file" : `${data.files.length} files`;
  return [
    `${data.name}: ${count} of ${bytesText(size)}, ${came[from]}`,
    `  in ${oneLine(folder)}`,
    `  from ${data.origin}; ${data.license}`,
  ].join("\n");
});
