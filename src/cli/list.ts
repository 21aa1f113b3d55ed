import * as Effect from "effect/Effect";
import { formatError } from "../errors/failure.ts";
import { grouped } from "../errors/grouped.ts";
import { nearest } from "../errors/nearest.ts";
import { DataSourceError, UnknownName } from "../errors.ts";
import { dataAvailable } from "../io/index.ts";
import { greatestOf } from "../tensor/extremes.ts";
import { aligned } from "../terminal/table.ts";
import { wrapped } from "../terminal/wrap.ts";
import { oneLine, widthOf } from "../terminal.ts";
import type { AnyPipeline, Card } from "../train/pipeline/pipeline.ts";
import type { Library } from "./library.ts";

/** A row of the list. `missing` says why the data does not exist, or is `null`; so is a `card` that was not given. */
export interface Listed {
  readonly name: string;
  readonly description: string;
  readonly card: Card | null;
  readonly missing: { readonly reason: string; readonly command: string | null } | null;
}

const missing = (error: unknown): Listed["missing"] =>
  error instanceof DataSourceError
    ? { reason: `${error.source}: ${error.reason}`, command: error.command ?? null }
    : { reason: formatError(error), command: null };

/** Checks whether the data of each pipeline exists, without reading it. */
export const listed = (pipelines: readonly AnyPipeline[]): Effect.Effect<readonly Listed[]> =>
  Effect.forEach(pipelines, ({ name, description, card = null, available, data }) =>
    Effect.match(data === undefined ? available : Effect.andThen(available, dataAvailable(data)), {
      onFailure: (error): Listed => ({ name, description, card, missing: missing(error) }),
      onSuccess: (): Listed => ({ name, description, card, missing: null }),
    }),
  );

/**
 * The pipelines of a field, or else those with a word in their name or description; all for an empty word.
 *
 * **Fails with** `UnknownName`, with the fields, where there are none.
 */
export const listedBy = (
  word: string,
  pipelines: readonly AnyPipeline[],
): Effect.Effect<readonly AnyPipeline[], UnknownName> => {
  const asked = word.toLowerCase();
  const of = pipelines.filter(({ card }) => card?.field.toLowerCase() === asked);
  const having = pipelines.filter(({ name, description }) =>
    `${name} ${description}`.toLowerCase().includes(asked),
  );
  const found = asked !== "" && of.length > 0 ? of : having;
  const known = [...new Set(pipelines.flatMap(({ card }) => card?.field ?? []))].sort();
  return found.length > 0 || asked === ""
    ? Effect.succeed(found)
    : Effect.fail(
        new UnknownName({ kind: "field", name: word, known, nearest: nearest(word, known) }),
      );
};

/** The rows of each field by its name, those without a card last. */
const byField = (rows: readonly Listed[]): readonly (readonly [string, readonly Listed[]])[] =>
  [...grouped(rows, ({ card }): string => card?.field ?? "")].toSorted(
    ([a], [b]) => Number(a === "") - Number(b === "") || (a < b ? -1 : 1),
  );

/** A baseline by its figures; where they begin with who wins, this names it already. */
const baselineText = (figures: string): string =>
  figures.startsWith("baseline ") ? figures : `baseline: ${figures}`;

/** What a row says beside its name, a line each. */
const lines = ({ description, card, missing: lack }: Listed): readonly string[] => [
  description,
  ...(card === null
    ? []
    : [
        [card.heldOut, ...(card.baseline === undefined ? [] : [baselineText(card.baseline)])].join(
          "; ",
        ),
      ]),
  ...(lack === null ? [] : [`its data is missing: ${lack.command ?? lack.reason}`]),
];

/** The fewest cells beside the names in which something can be read; with less room it stands below them. */
const fewestBeside = 40;

/**
 * Formats the list as text, by fields, for a terminal of so many columns: what is said of a pipeline is wrapped beside its
 * name, or below it where the terminal is narrow. Modules that could not be imported come last, each with its error.
 */
export const listText = (
  rows: readonly Listed[],
  broken: Library["broken"],
  columns = Number.POSITIVE_INFINITY,
): string => {
  const names = rows.map(({ name }) => widthOf(`  ${oneLine(name)}  `));
  const beside = columns - greatestOf([0, ...names]);
  const fits = beside >= fewestBeside;
  const cells = byField(rows).flatMap(([field, among], i) => [
    ...(i === 0 ? [] : [[""]]),
    ...(field === "" ? [] : [[field]]),
    ...among.flatMap((row) => {
      const said = lines(row).map(oneLine);
      const [first = "", ...others] = said.flatMap((line) => wrapped(line, beside, 2));
      return fits
        ? [[`  ${row.name}`, first], ...others.map((line) => ["", line])]
        : [[`  ${row.name}`], ...said.map((line) => [`    ${line}`])];
    }),
  ]);
  const made = aligned(cells);
  return [
    ...(fits ? made : made.flatMap((line) => wrapped(line, columns, 6))),
    ...broken.map((error) => `\n${formatError(error)}`),
  ].join("\n");
};

/** A text on one line of Markdown: what it marks stays, its line ends become blanks. */
const inLine = (text: string): string => oneLine(text.replace(/\s+/gu, " ").trim());

/** A text as a cell of a table in Markdown. */
const cell = (text: string | undefined): string => inLine(text ?? "").replaceAll("|", "\\|");

/** A field as a heading, by an upper-case letter. */
const heading = (field: string): string => {
  const [first = "", ...others] = inLine(field);
  return `## ${first.toUpperCase()}${others.join("")}`;
};

const titles = [
  "`npx fluxion train …`",
  "held out",
  "baseline",
  "published",
  "data",
  "time, memory",
];

/** Formats the cards of the list as tables in Markdown, one for each field. */
export const listMarkdown = (rows: readonly Listed[]): string =>
  byField(rows)
    .map(([field, among]) =>
      [
        heading(field === "" ? "others" : field),
        "",
        `| ${titles.join(" | ")} |`,
        `|${titles.map(() => "---|").join("")}`,
        ...among.map(({ name, description, card }) => {
          const cost = [card?.time, card?.memory].filter((part) => part !== undefined).join(", ");
          const cells = [
            `\`${name}\`: ${description}`,
            ...[card?.heldOut, card?.baseline, card?.published, card?.data, cost],
          ];
          return `| ${cells.map(cell).join(" | ")} |`;
        }),
      ].join("\n"),
    )
    .join("\n\n");
