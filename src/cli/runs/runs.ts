import * as Effect from "effect/Effect";
import { formatError } from "../../errors/failure.ts";
import { recordsText, type Said } from "../../terminal/records.ts";
import { figureText, grouped } from "../../terminal/units.ts";
import { jsonLine, oneLine } from "../../terminal.ts";
import {
  differingSettings,
  type Measured,
  type RunRow,
  rowOf,
} from "../../train/folder/compare.ts";
import { type FolderRun, readRun, runsIn } from "../../train/folder/recorded.ts";

/** A run that cannot be read, and why. */
export interface BrokenRun {
  readonly folder: string;
  readonly error: string;
}

/** The runs of a folder, and the errors of those that cannot be read. */
export interface Runs {
  readonly rows: readonly RunRow[];
  readonly broken: readonly BrokenRun[];
}

/** Reads some runs, each by itself: one that cannot be read does not hide the others. Of their steps only the last is read. */
export const readRuns = Effect.fnUntraced(function* (folders: readonly string[]) {
  const runs: FolderRun[] = [];
  const broken: BrokenRun[] = [];
  for (const folder of folders) {
    const read = yield* Effect.result(readRun(folder, { steps: false }));
    if (read._tag === "Success") runs.push(read.success);
    else broken.push({ folder, error: formatError(read.failure) });
  }
  return { runs, broken };
});

/** The runs in a folder, in short. */
export const runsOf = Effect.fnUntraced(function* (folder: string) {
  const { runs, broken } = yield* readRuns(yield* runsIn(folder));
  return { rows: runs.map(rowOf), broken } satisfies Runs;
});

/** What is said of runs that cannot be read, below what is said of the others. */
export const brokenText = (broken: readonly BrokenRun[]): readonly string[] =>
  broken.map(({ error }) => `\n${error}`);

/** A time as `2026-03-01 14:05`, in this machine's zone. */
export const timeOf = (iso: string | undefined): string => {
  const time = new Date(iso ?? Number.NaN);
  if (Number.isNaN(time.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
};

const measuredText = ({ last, best, test }: Measured): string =>
  [
    figureText(last),
    ...(Object.is(last, best) ? [] : [`best ${figureText(best)}`]),
    ...(test === undefined ? [] : [`test ${figureText(test)}`]),
  ].join(", ");

/** What is said of a run, by name. */
const partsOf = (
  row: RunRow,
  metrics: readonly string[],
  settings: readonly string[],
): readonly Said[] => [
  ["state", row.state],
  ["started", timeOf(row.started)],
  ["steps", grouped(row.step)],
  ["epoch", row.epochs === undefined ? String(row.epoch) : `${row.epoch}/${row.epochs}`],
  ...metrics.map((name): Said => {
    const found = row.measured.find((one) => one.name === name);
    return [name, found === undefined ? "" : measuredText(found)];
  }),
  ...settings.map((path): Said => [path, String(row.settings[path] ?? "")]),
];

/** A run below the folder that was asked about. */
const nameOf = (row: RunRow, root: string): string =>
  row.folder === root ? root : row.folder.slice(root.length + 1);

/**
 * Formats runs as a table, or, where that is wider than the terminal, as a paragraph for each. Only settings that are not
 * the same for all are shown.
 */
export const runsText = ({ rows, broken }: Runs, root: string, columns: number): string => {
  const errors = brokenText(broken);
  if (rows.length === 0) return [`there are no runs in ${oneLine(root)}`, ...errors].join("\n");
  const settings = differingSettings(rows);
  const pipelines = new Set(rows.map(({ pipeline }) => pipeline));
  const metrics = [...new Set(rows.flatMap(({ measured }) => measured.map(({ name }) => name)))];
  const all = rows.map((row): readonly Said[] => [
    ["run", nameOf(row, root)],
    ...(pipelines.size > 1 ? [["pipeline", row.pipeline ?? ""] as const] : []),
    ...partsOf(row, metrics, settings),
  ]);
  const steps = all[0]?.findIndex(([name]) => name === "steps") ?? -1;
  return [recordsText(all, columns, { numeric: [steps] }), ...errors].join("\n");
};

/** The runs of a folder, as lines of JSON or for a terminal of so many columns. */
export const listedRuns = Effect.fnUntraced(function* (
  folder: string,
  { json, columns }: { readonly json: boolean; readonly columns: number },
) {
  const root = folder.length > 1 ? folder.replace(/[/\\]+$/, "") : folder;
  const runs = yield* runsOf(root);
  return json
    ? [...runs.rows, ...runs.broken].map(jsonLine).join("\n")
    : runsText(runs, root, columns);
});
