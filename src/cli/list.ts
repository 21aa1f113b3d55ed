import * as Effect from "effect/Effect";
import { formatError } from "../errors/failure.ts";
import { DataSourceError } from "../errors.ts";
import { aligned } from "../terminal/table.ts";
import { oneLine } from "../terminal.ts";
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
  Effect.forEach(pipelines, ({ name, description, card = null, available }) =>
    Effect.match(available, {
      onFailure: (error): Listed => ({ name, description, card, missing: missing(error) }),
      onSuccess: (): Listed => ({ name, description, card, missing: null }),
    }),
  );

/** The rows of each field by its name, those without a card last. */
const byField = (rows: readonly Listed[]): readonly (readonly [string, readonly Listed[]])[] =>
  Object.entries(Object.groupBy(rows, ({ card }) => card?.field ?? ""))
    .toSorted(([a], [b]) => Number(a === "") - Number(b === "") || (a < b ? -1 : 1))
    .map(([field, among]) => [field, among ?? []]);

/** What a row says beside its name, a line each. */
const lines = ({ description, card, missing: lack }: Listed): readonly string[] => [
  description,
  ...(card === null
    ? []
    : [
        [card.heldOut, ...(card.baseline === undefined ? [] : [`baseline: ${card.baseline}`])].join(
          "; ",
        ),
      ]),
  ...(lack === null ? [] : [`its data is missing: ${lack.command ?? lack.reason}`]),
];

/** Formats the list as text, by fields. Modules that could not be imported come last, each with its error. */
export const listText = (rows: readonly Listed[], broken: Library["broken"]): string => {
  const cells = byField(rows).flatMap(([field, among], i) => [
    ...(i === 0 ? [] : [[""]]),
    ...(field === "" ? [] : [[field]]),
    ...among.flatMap((row) =>
      lines(row).map((line, at) => [at === 0 ? `  ${row.name}` : "", line]),
    ),
  ]);
  return [...aligned(cells), ...broken.map((error) => `\n${formatError(error)}`)].join("\n");
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

const titles = ["`npx fluxion train …`", "held out", "baseline", "published", "data", "time"];

/** Formats the cards of the list as tables in Markdown, one for each field. */
export const listMarkdown = (rows: readonly Listed[]): string =>
  byField(rows)
    .map(([field, among]) =>
      [
        heading(field === "" ? "others" : field),
        "",
        `| ${titles.join(" | ")} |`,
        `|${titles.map(() => "---|").join("")}`,
        ...among.map(
          ({ name, description, card }) =>
            `| ${[`\`${name}\`: ${description}`, card?.heldOut, card?.baseline, card?.published, card?.data, card?.time].map(cell).join(" | ")} |`,
        ),
      ].join("\n"),
    )
    .join("\n\n");
