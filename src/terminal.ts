/** Text for terminals: its width in cells, escaping of control characters, and amounts with units. */

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Characters that take two cells: East Asian wide ones and emoji (UAX #11, classes W and F). */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Yi}\p{Script=Tangut}\p{Script=Nushu}\p{Script=Bopomofo}\p{Emoji_Presentation}\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3\u3000-\u303e\u3099-\u30ff\u3131-\u318e\u31f0-\u32ff\u3300-\u33ff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6]/u;
/** Characters without cells: combining marks, joiners, and the later letters of a Hangul syllable. */
const without = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff\ud7b0-\ud7fb]/u;

const cellsOf = (point: string): number => (without.test(point) ? 0 : wide.test(point) ? 2 : 1);

/** A grapheme that is drawn as an emoji: several joined ones, or one with a variation selector. */
const emoji = /\p{Emoji_Presentation}|\ufe0f/u;

const cellsOfGrapheme = (grapheme: string): number => {
  if (emoji.test(grapheme)) return 2;
  let cells = 0;
  for (const point of grapheme) cells += cellsOf(point);
  return cells;
};

const ascii = /^[\x20-\x7e]*$/;

/** The number of terminal cells that a line of text takes. */
export const widthOf = (text: string): number => {
  if (ascii.test(text)) return text.length;
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) cells += cellsOfGrapheme(segment);
  return cells;
};

/** Cuts a line to at most `cells` cells. */
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

/** The first character of a text as it is seen, of however many code points. */
export const firstGrapheme = (text: string): string => {
  for (const { segment } of graphemes.segment(text)) return segment;
  return "";
};

/** Cuts a line to at most `cells` cells, with … where something is missing. */
export const shortened = (text: string, cells: number): string =>
  widthOf(text) <= cells ? text : `${fitted(text, cells - 1)}…`;

const blanks = (cells: number): string => " ".repeat(Math.max(0, cells));

/** Pads a line with blanks at its end to `cells` cells. */
export const padded = (text: string, cells: number): string =>
  `${text}${blanks(cells - widthOf(text))}`;

/** Pads a line with blanks at its start to `cells` cells. */
export const indented = (text: string, cells: number): string =>
  `${blanks(cells - widthOf(text))}${text}`;

// Control characters move the cursor, set colors or rename the window. The others reverse text or end a line.
const controls = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
};

/** Escapes control characters in a line of untrusted text, as `\x1b`. */
export const oneLine = (text: string): string => text.replaceAll(controls, escaped);

/** Escapes control characters in a text, but keeps its line ends and tabs. */
export const printable = (text: string): string =>
  text.replaceAll(controls, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );

/** Encodes a value as one line of JSON, with control characters escaped. */
export const jsonLine = (value: unknown): string =>
  // JSON itself escapes characters below the blank.
  JSON.stringify(value).replaceAll(
    controls,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

/**
 * Formats an amount in the largest unit in which it is at least 1 after rounding to `digits` decimals: `1.0 M`,
 * not `1000.0 k`. An amount in the first unit has no decimals.
 */
export const amountIn =
  (base: number, units: readonly string[], digits = 1) =>
  (amount: number): string => {
    const inUnit = (power: number): string =>
      power === 0 ? String(amount) : (amount / base ** power).toFixed(digits);
    const power = units.findIndex((_, i) => i === units.length - 1 || Number(inUnit(i)) < base);
    return `${inUnit(power)} ${units[power]}`.trimEnd();
  };
