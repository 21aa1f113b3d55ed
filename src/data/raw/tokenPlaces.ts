const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A text as tokens see it, and for each of its code units where the character of the original begins and ends. */
interface Folded {
  readonly text: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Splitting a text brings it to the normal form C, and mostly to lower case: neither goes beyond a character of the reader. */
const folded = (text: string): Folded => {
  const [parts, from, to]: [string[], number[], number[]] = [[], [], []];
  for (const { segment, index } of graphemes.segment(text)) {
    const part = segment.normalize("NFC").toLowerCase().normalize("NFC");
    parts.push(part);
    for (let i = 0; i < part.length; i++) {
      from.push(index);
      to.push(index + segment.length);
    }
  }
  return { text: parts.join(""), from, to };
};

/**
 * Where the tokens of a text stand in it, from the first code unit to the one after the last, without spaces around them; or
 * `undefined` where a token cannot be found, such as one whose lower case depends on its neighbors.
 */
export const tokenPlaces = (
  text: string,
  tokens: readonly string[],
): readonly (readonly [from: number, to: number])[] | undefined => {
  const seen = folded(text);
  let at = 0;
  const places: (readonly [number, number])[] = [];
  for (const token of tokens) {
    const part = token.trim().toLowerCase().normalize("NFC");
    const found = seen.text.indexOf(part, at);
    if (found < 0) return undefined;
    const end = found + part.length;
    places.push(
      part === ""
        ? [seen.from[found] ?? text.length, seen.from[found] ?? text.length]
        : [seen.from[found] ?? text.length, seen.to[end - 1] ?? text.length],
    );
    at = end;
  }
  return places;
};
