/** Text as terminals show it: how many cells it takes, what must not reach them, and amounts in units. */

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What East Asian fonts and emoji draw two cells wide (UAX #11, classes W and F). */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Yi}\p{Script=Tangut}\p{Script=Nushu}\p{Script=Bopomofo}\p{Emoji_Presentation}\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3\u3000-\u303e\u3099-\u30ff\u3131-\u318e\u31f0-\u32ff\u3300-\u33ff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6]/u;
/** What has no cells of its own: marks above a letter, joiners, the later letters of a Hangul syllable. */
const without = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff\ud7b0-\ud7fb]/u;

const cellsOf = (point: string): number => (without.test(point) ? 0 : wide.test(point) ? 2 : 1);

/** A grapheme of several emoji, or one that is told to be an emoji, is drawn as one. */
const emoji = /\p{Emoji_Presentation}|\ufe0f/u;

const cellsOfGrapheme = (grapheme: string): number => {
  if (emoji.test(grapheme)) return 2;
  let cells = 0;
  for (const point of grapheme) cells += cellsOf(point);
  return cells;
};

const ascii = /^[\x20-\x7e]*$/;

/** How many cells of a terminal a line of text takes. */
export const widthOf = (text: string): number => {
  if (ascii.test(text)) return text.length;
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) cells += cellsOfGrapheme(segment);
  return cells;
};

/** As much of a line as so many cells hold. */
export const fitted = (text: string, cells: number): string => {
  if (ascii.test(text)) return text.slice(0, Math.max(0, cells));
  let [taken, end] = [0, 0];
  for (const { segment, index } of graphemes.segment(text)) {
    taken += cellsOfGrapheme(segment);
    if (taken > cells) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
};

const blanks = (cells: number): string => " ".repeat(Math.max(0, cells));

/** A line with blanks after it, so that it takes so many cells. */
export const padded = (text: string, cells: number): string =>
  `${text}${blanks(cells - widthOf(text))}`;

/** A line with blanks before it, so that it takes so many cells. */
export const indented = (text: string, cells: number): string =>
  `${blanks(cells - widthOf(text))}${text}`;

// Control characters move the cursor, color, rename the window; the others turn text around or end a line.
const controls = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
};

/** One line of text that came from elsewhere: what a terminal would obey is written out, as `\x1b`. */
export const oneLine = (text: string): string => text.replaceAll(controls, escaped);

/** {@link oneLine} for each line of a text. */
export const printable = (text: string): string =>
  text.replaceAll(controls, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );

/** JSON on one line, of the same meaning, that a terminal shows as it is. */
export const jsonLine = (value: unknown): string =>
  // What is below a blank JSON escapes itself.
  JSON.stringify(value).replaceAll(
    controls,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

/**
 * An amount in the largest unit that leaves at least one, when it is rounded to `digits` after the point: `1.0 M` and
 * not `1000.0 k`. An amount in the first unit is a whole number, and has none.
 */
export const amountIn =
  (base: number, units: readonly string[], digits = 1) =>
  (amount: number): string => {
    const inUnit = (power: number): string =>
      power === 0 ? String(amount) : (amount / base ** power).toFixed(digits);
    const power = units.findIndex((_, i) => i === units.length - 1 || Number(inUnit(i)) < base);
    return `${inUnit(power)} ${units[power]}`.trimEnd();
  };
