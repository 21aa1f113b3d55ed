import type { Row, Tensor } from "../../../src/index.ts";
import type { NamedRows, Sources } from "../../../src/train/index.ts";
import { boxesIn } from "../../baselines/vision/boxes.ts";

/** How many boxes of each class there are, in words. */
const countsOf = (classes: readonly string[], kinds: readonly number[]): string =>
  classes
    .flatMap((name, i) => {
      const n = kinds.filter((kind) => kind === i).length;
      return n === 0 ? [] : [`${n} ${name}`];
    })
    .join(", ");

/** The first image of the validation part, named after what is in it. */
export const countedImage = ({ validation, classes = [] }: Sources<Row>): NamedRows => {
  if (validation === undefined || !("row" in validation) || validation.size === 0) return {};
  const { image, boxes } = validation.row(0) as {
    readonly [column in "image" | "boxes"]: Tensor;
  }; // as bloodCells has them
  const kinds = boxesIn(boxes.toArray() as number[][]).map((box) => box.class);
  return { [`an image of ${countsOf(classes, kinds)}`]: { image } };
};
