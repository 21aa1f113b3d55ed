import { oneLine } from "../../../terminal.ts";

/** Plain data, as JSON has it. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [field: string]: Json };

/** A plot as data: a specification of Vega-Lite, which {@link renderSvg} draws and other tools read, too. */
export interface PlotSpec {
  readonly [field: string]: Json;
}

/** Colors that are told apart on white and on black, and by those who see few colors (Okabe and Ito's, a little darker). */
export const colors = [
  "#2f7ebc",
  "#d9822b",
  "#2a9d6f",
  "#b0569a",
  "#b59410",
  "#4fa3c7",
  "#c8553d",
  "#7a7f87",
  "#8a6fd1",
  "#6f9a2f",
] as const;

/** A stranger's text as text of a plot: without characters that XML has no place for. */
export const plotText = (text: string): string =>
  oneLine(text)
    .toWellFormed()
    .replaceAll(/[\ufffe\uffff]/g, "\ufffd");

/** A plot with its title, and with what else there is to say below that. */
export const plotOf = (
  title: string,
  notes: readonly string[],
  parts: { readonly [field: string]: Json },
): PlotSpec => ({
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  title: {
    text: plotText(title),
    ...(notes.length > 0 && { subtitle: notes.map(plotText) }),
    anchor: "start",
  },
  width: 480,
  height: 240,
  ...parts,
});

/** A plot without data says so. */
export const emptyPlot = (title: string): PlotSpec =>
  plotOf(title, [], {
    data: { values: [{}] },
    mark: { type: "text", text: "no data", color: "#7a7f87", fontSize: 13 },
  });
