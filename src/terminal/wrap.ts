import { firstGrapheme, fitted, widthOf } from "../terminal.ts";

/** A word in pieces of at most `cells` cells. A character that is wider alone has a piece of its own. */
const pieces = (word: string, cells: number): readonly string[] => {
  const made: string[] = [];
  for (let at = 0; at < word.length; ) {
    // A look at all of the rest for each piece would take the square of the time.
    const near = word.slice(at, at + 8 * cells + 64);
    const some = fitted(near, cells);
    const most = some === near ? fitted(word.slice(at), cells) : some;
    const alone = most === "" ? firstGrapheme(near) : most;
    const first = alone === near ? most || firstGrapheme(word.slice(at)) : alone;
    made.push(first);
    at += first.length;
  }
  return made.length === 0 ? [word] : made;
};

/**
 * Breaks a line so that no part is wider than `cells`: where two blanks stand, or else between its words; a word that is
 * wider itself is broken too. The parts after the first begin with `hang` blanks, where there is room for them. A line that fits stays as it is.
 */
export const wrapped = (line: string, cells: number, hang = 0): readonly string[] => {
  if (widthOf(line) <= cells) return [line];
  const indent = " ".repeat(Math.max(0, Math.min(hang, cells - 4)));
  const start = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = start.length < cells ? start : "";
  let empty = true;
  const room = (): number => Math.max(1, cells - indent.length);
  const add = (piece: string, gap: string): void => {
    const longer = empty ? `${current}${piece}` : `${current}${gap}${piece}`;
    if (widthOf(longer) <= cells) current = longer;
    // The blanks at the start of a line give way to its first word.
    else if (empty) current = piece;
    else {
      lines.push(current);
      current = `${indent}${piece}`;
    }
    empty = false;
  };
  for (const unit of line.slice(start.length).split(/ {2,}/)) {
    const whole = widthOf(unit) <= room();
    const parts = whole ? [unit] : unit.split(" ").flatMap((word) => pieces(word, room()));
    parts.forEach((part, i) => {
      add(part, i === 0 ? "  " : " ");
    });
  }
  return [...lines, current];
};
