import { oneLine } from "../../../terminal.ts";

/** A piece of HTML: text in it is escaped already. */
export interface Html {
  readonly html: string;
}

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A stranger's text as text of a page: nothing in it is a tag, an attribute or a control character. */
export const escapeHtml = (text: string): string =>
  oneLine(text)
    .toWellFormed()
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");

type Part = Html | string | number | undefined | readonly Part[];

const partText = (part: Part): string => {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return "html" in part ? part.html : part.map(partText).join("");
};

/** A template of HTML: what is put into it is escaped, but for other pieces of HTML. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: texts.map((text, i) => (i === 0 ? text : `${partText(parts[i - 1])}${text}`)).join(""),
});

/** HTML that was made elsewhere, such as an SVG. */
export const rawHtml = (text: string): Html => ({ html: text });

/** A table of rows; the cells of numbers stand on the right. */
export const htmlTable = (
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Html => html`<div class="wide"><table>
${head.length === 0 ? "" : html`<thead><tr>${head.map((cell) => html`<th>${cell}</th>`)}</tr></thead>`}
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => (typeof cell === "number" ? html`<td class="number">${cell.toLocaleString("en-US")}</td>` : html`<td>${cell}</td>`))}</tr>`)}</tbody>
</table></div>`;
