import * as Effect from "effect/Effect";
import { readBytes } from "../../data/files.ts";
import { readPicture } from "../../data/pictures/decode.ts";
import { isJpeg } from "../../data/pictures/jpeg.ts";
import { InvalidArgument, InvalidFlag } from "../../errors.ts";
import { replaceFile, writeAll } from "../../io/replaceFile.ts";
import { oneLine } from "../../terminal.ts";
import type { Answer, FoundBox } from "../../train/predict/answers.ts";

/** Colors that are told apart by most people, also on a colored picture. **Source** Okabe and Ito (2008). */
const colors = ["#0072b2", "#d55e00", "#009e73", "#f0e442", "#cc79a7", "#56b4e9", "#e69f00"];

/** A text within XML, which has no control characters. */
const escaped = (text: string): string =>
  oneLine(text).replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);

/** Whether a box has an area that can be drawn. */
const isDrawn = ({ left, top, right, bottom }: FoundBox): boolean =>
  left < right && top < bottom && [left, top, right, bottom].every(Number.isFinite);

/** A picture, as the bytes of its file. */
export interface Shown {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * A drawing of boxes on their picture, as SVG, with a color for each class: the picture is in it, as it is in its file. Boxes
 * without an area, or with sides that are not finite, are left out.
 */
export const boxesSvg = ({ bytes, width, height }: Shown, found: readonly FoundBox[]): string => {
  const boxes = found.filter(isDrawn);
  const kinds = [...new Set(boxes.map((box) => box.class))].sort();
  const thick = Math.max(1, Math.round(Math.max(width, height) / 320));
  const rounded = (x: number): number => Math.round(10 * x) / 10;
  const of = (kind: string): string => {
    const color = colors[kinds.indexOf(kind) % colors.length];
    const each = boxes
      .filter((box) => box.class === kind)
      .map(({ left, top, right, bottom, score }) => {
        const [x, y] = [rounded(left * width), rounded(top * height)];
        const [w, h] = [rounded((right - left) * width), rounded((bottom - top) * height)];
        const title = `<title>${escaped(kind)} ${score.toFixed(2)}</title>`;
        return `<rect x="${x}" y="${y}" width="${w}" height="${h}">${title}</rect>`;
      });
    return `<g fill="none" stroke="${color}" stroke-width="${thick}">${each.join("")}</g>`;
  };
  const size = Math.max(8, Math.round(height / 30));
  const counts = kinds.map(
    (kind) => `${boxes.filter((box) => box.class === kind).length} ${escaped(kind)}`,
  );
  const key = counts.map((count, i) => {
    const color = colors[i % colors.length];
    return `<tspan fill="${color}" x="${size / 2}" dy="${1.25 * size}">${count}</tspan>`;
  });
  const kindOfFile = isJpeg(bytes) ? "jpeg" : "png";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${counts.join(", ") || "nothing found"}</title>`,
    `<image width="${width}" height="${height}" href="data:image/${kindOfFile};base64,${Buffer.from(bytes).toString("base64")}"/>`,
    ...kinds.map(of),
    `<text font-family="sans-serif" font-weight="bold" font-size="${size}" stroke="#fff" stroke-width="${size / 4}" paint-order="stroke">${key.join("")}</text>`,
    "</svg>\n",
  ].join("\n");
};

/**
 * Draws the boxes of the only answer on its picture, to an SVG file. Returns the text to print.
 *
 * **Fails with** `InvalidFlag` where the file has another ending; `InvalidArgument` where there are several answers;
 * `FileNotWritten`, and as reading the picture does.
 */
export const boxesDrawn = Effect.fnUntraced(function* (
  name: string,
  answers: readonly Answer[],
  input: string,
  output: string,
) {
  if (!/\.svg$/i.test(output))
    return yield* new InvalidFlag({
      flag: "--output",
      value: output,
      expected: "a file that ends in .svg; without it, or with --json, boxes are printed",
    });
  const [answer, ...others] = answers;
  if (answer === undefined || !("boxes" in answer) || others.length > 0)
    return yield* new InvalidArgument({
      op: `draw what ${name} says`,
      argument: "the answer",
      expected: "the boxes of one picture",
      actual: `${answers.length} answers`,
    });
  const { width, height } = yield* readPicture(input);
  const left = answer.boxes.filter((box) => !isDrawn(box)).length;
  const svg = boxesSvg({ width, height, bytes: yield* readBytes(input) }, answer.boxes);
  yield* replaceFile(output, (file) => writeAll(file, new TextEncoder().encode(svg), 0));
  const without = left === 0 ? "" : `, without ${left} that have no area`;
  return `${oneLine(name)}: ${answer.boxes.length - left} boxes in ${oneLine(output)}${without}`;
});
