import { join } from "node:path";
import * as Effect from "effect/Effect";
import { fromPicture, prepare, readPicture, readText } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  stackTensors,
  type Tensor,
} from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";
import type { Box } from "../../../src/nn/metrics/index.ts";
import { bloodCellFiles as listed } from "./bloodCellFiles.ts";

/** The kinds of cells: red cells, white cells and platelets. */
export const cells = ["RBC", "WBC", "Platelets"] as const;

/** The size that images are reduced to, a quarter of their own. */
export const [width, height] = [160, 120] as const;

/** The score from which a box counts as found, chosen on the validation images by the error of the count. */
export const leastScore = 0.4;

/** The most boxes of an image. */
export const mostBoxes = 30;

/** An image, and its boxes: left, top, right and bottom as shares of width and height, and the class, -1 for none. */
export type BloodImage = {
  readonly image: Tensor<readonly [120, 160, 3]>;
  readonly boxes: Tensor<readonly [30, 5]>;
};

const commit = "d272fb14cdff6e473fafeeeba32aba5f560e9e43";
const at = (path: string, bytes: number, sha256: string) => ({
  path,
  address: `https://raw.githubusercontent.com/Shenggan/BCCD_Dataset/${commit}/BCCD/${path}`,
  bytes,
  sha256,
});
const picturePath = (name: string) => `JPEGImages/${name}.jpg`;
const boxesPath = (name: string) => `Annotations/${name}.xml`;
const listPath = (part: string) => `ImageSets/Main/${part}.txt`;

/** The images of BCCD, the files of their boxes, and the lists of its parts. */
export const bloodCellData = dataFiles({
  name: "blood-cells",
  license: "MIT",
  origin: "https://github.com/Shenggan/BCCD_Dataset",
  files: [
    ...listed
      .trim()
      .split("\n")
      .flatMap((line) => {
        const [number, pictureBytes, picture = "", boxBytes, boxes = ""] = line.split(" ");
        const name = `BloodImage_${number}`;
        return [
          at(picturePath(name), Number(pictureBytes), picture),
          at(boxesPath(name), Number(boxBytes), boxes),
        ];
      }),
    at(listPath("train"), 3485, "89bda91b6f96f9678f29b0bfe42565e0bea073d0055e0210548f7bcb17183ede"),
    at(listPath("val"), 1479, "34b01f4b5e492e9f49d8173379a8f6fe72efb8c3a7cc51048daddb06758154fa"),
    at(listPath("test"), 1224, "9cadeca2bb1d186b22b27c56b14c95e46c4c44d0fbc7a918bf96af9fb5064742"),
  ],
  packed: { file: "bccd.tar.gz", as: "tar.gz", under: "BCCD/" },
});

/**
 * The training images that show, moved by some pixels or at another focus, a place of the slide that an image of the other
 * lists shows too: it was photographed twice. Found by the correlation of all pairs of images at all shifts, in which
 * such pairs have 0.93 or more and all others less than 0.87, and looked at.
 */
export const seenElsewhere: readonly string[] = [
  ...["00020", "00040", "00242", "00248", "00254", "00258", "00276"], // in the test list
  ...["00038", "00204", "00232", "00247", "00257", "00259", "00263"], // in the validation list
].map((number) => `BloodImage_${number}`);

/** The text of an element that holds no others; `undefined` where there is none. */
const textIn = (xml: string, element: string): string | undefined =>
  new RegExp(`<${element}>\\s*([^<]*?)\\s*</${element}>`).exec(xml)?.[1];

/**
 * The boxes of a file in the format of Pascal VOC, in pixels. Boxes without area, of which BCCD has two, are left out.
 *
 * **Fails with** `DataSourceError` where a class or a number is none, a box is outside of the image, or there are too many.
 */
export const boxesOf = (
  xml: string,
  source: string,
): Effect.Effect<readonly Box[], DataSourceError> =>
  Effect.suspend(() => {
    const refuse = (reason: string) => Effect.fail(new DataSourceError({ source, reason }));
    const [wide, high] = [Number(textIn(xml, "width")), Number(textIn(xml, "height"))];
    if (!(wide > 0 && high > 0)) return refuse("it does not say the size of its image");
    const boxes: Box[] = [];
    for (const [, object = ""] of xml.matchAll(/<object>([\s\S]*?)<\/object>/g)) {
      const name = textIn(object, "name");
      const kind = (cells as readonly (string | undefined)[]).indexOf(name);
      if (kind < 0) return refuse(`${name} is none of ${cells.join(", ")}`);
      const [left = NaN, top = NaN, right = NaN, bottom = NaN] = [
        "xmin",
        "ymin",
        "xmax",
        "ymax",
      ].map((side) => Number(textIn(object, side) ?? NaN));
      if (
        !(
          left >= 0 &&
          top >= 0 &&
          right <= wide &&
          bottom <= high &&
          left <= right &&
          top <= bottom
        )
      )
        return refuse(
          `a box from ${left}, ${top} to ${right}, ${bottom} in ${wide} × ${high} pixels`,
        );
      if (left < right && top < bottom) boxes.push({ left, top, right, bottom, class: kind });
    }
    if (boxes.length > mostBoxes) return refuse(`${boxes.length} boxes, more than ${mostBoxes}`);
    return Effect.succeed(
      boxes.map(({ left, top, right, bottom, ...box }) => ({
        ...{ left: left / wide, top: top / high, right: right / wide, bottom: bottom / high },
        ...box,
      })),
    );
  });

/** Boxes as a column, filled up with rows of the class -1. */
export const boxColumn = (boxes: readonly Box[]): Tensor<readonly [30, 5]> => {
  const data = new Float32Array(5 * mostBoxes);
  for (let i = 0; i < mostBoxes; i++) {
    const {
      left,
      top,
      right,
      bottom,
      class: kind,
    } = boxes[i] ?? { left: 0, top: 0, right: 0, bottom: 0, class: -1 };
    data.set([left, top, right, bottom, kind], 5 * i);
  }
  return fromTypedArray([mostBoxes, 5], data);
};

/** How a picture becomes an image: of any size, and stretched where its sides have another ratio than 4 : 3. */
export const fromBlood = fromPicture({ width, height, fit: "stretch" });

const imagesOf = Effect.fnUntraced(function* (folder: string, names: readonly string[]) {
  const rows = yield* Effect.forEach(names, (name) =>
    Effect.gen(function* () {
      const picture = yield* readPicture(join(folder, picturePath(name)));
      const image = prepare("image", fromBlood, picture);
      if (image._tag === "Left") return yield* image.left;
      const file = join(folder, boxesPath(name));
      return { image: image.right, boxes: boxColumn(yield* boxesOf(yield* readText(file), file)) };
    }),
  );
  return dataset({
    image: stackTensors(rows.map(({ image }) => image)),
    boxes: stackTensors(rows.map(({ boxes }) => boxes)),
  }) as Dataset as Dataset<BloodImage>; // fromBlood and boxColumn give these shapes
});

/**
 * Images of blood under a microscope with boxes around red cells, white cells and platelets, in the parts that BCCD lists:
 * 72 for testing, 87 for choosing, and 205 for training, from which the 14 are left out that show a place of another part
 * again ({@link seenElsewhere}). They are read once: a run and what it tells share them.
 *
 * **Source** Shenggan, BCCD_Dataset (2017), MIT; the images are by cosmicad and akshaylamba.
 */
export const bloodCells = Effect.runSync(
  Effect.cached(
    Effect.gen(function* () {
      const folder = yield* dataFolder(bloodCellData);
      const part = (name: string) =>
        Effect.flatMap(readText(join(folder, listPath(name))), (text) =>
          imagesOf(
            folder,
            text.split(/\s+/).filter((image) => image !== "" && !seenElsewhere.includes(image)),
          ),
        );
      return {
        train: yield* part("train"),
        validation: yield* part("val"),
        test: yield* part("test"),
        inputs: { image: fromBlood },
        classes: cells,
        boxes: { least: leastScore },
      };
    }),
  ),
);
