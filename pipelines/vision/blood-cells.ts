import { pipe } from "fp-ts/lib/function.js";
import {
  adamw,
  type Baseline,
  batchNorm,
  conv2d,
  type Expr,
  initializers,
  objective,
  oneCycle,
  pipeline,
  relu,
  residual,
  runMain,
  sequential,
  type Tensor,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { dataAvailable } from "../../src/io/index.ts";
import { sub } from "../../src/ir/index.ts";
import type { Applied } from "../../src/learn/index.ts";
import { skipConcat, upsample } from "../../src/nn/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { byColor, type Look } from "../baselines/vision/blobs.ts";
import { boxesOfRows, boxFigures, figuresOf } from "../baselines/vision/boxes.ts";
import {
  bloodCellData,
  bloodCells,
  cells,
  height,
  leastScore,
  width,
} from "../data/vision/bloodCells.ts";
import { boxesAround, centersLoss, detections, type Grid } from "./detector/centers.ts";
import { countedImage } from "./detector/counted.ts";
import { moved } from "./detector/moved.ts";

const stride = 4;
/** A usual box is that of a red cell: 0.16 of the width and 0.2 of the height. */
const grid: Grid = {
  ...{ rows: height / stride, columns: width / stride, classes: cells.length },
  usual: [0.16, 0.2],
};
/** The channels of the features of a cell, and the most boxes that are found in an image. */
const [features, most] = [48, 64] as const;
const [batchSize, epochs, images] = [16, 40, 191] as const;

const convolve = (from: number, to: number, stride = 1) =>
  sequential(
    conv2d(from, to, 3, {
      ...{ stride, padding: "same", bias: false },
      weightInit: initializers.heNormal,
    }),
    batchNorm(to),
  );
const block = (n: number) =>
  sequential(residual(sequential(convolve(n, n), relu, convolve(n, n))), relu);

const models = {
  /** From an image to features of each cell: fine ones, and coarse ones that see more of it. */
  trunk: sequential(
    convolve(3, 16, 2),
    relu,
    convolve(16, 32, 2),
    relu,
    block(32),
    skipConcat(sequential(convolve(32, 64, 2), relu, block(64), block(64), upsample({ scale: 2 }))),
    convolve(96, features),
    relu,
  ),
  /** Of each cell and class, whether the center of a box is there. It begins with a probability of a tenth. */
  heat: conv2d(features, cells.length, 1, { biasInit: initializers.constant(-2.2) }),
  /** Of each cell, how far the four sides of its box are. */
  sides: conv2d(features, 4, 1, { weightInit: initializers.normal(0.01) }),
};

/** The heat of each cell and class, and the box of each cell. */
const answered = ({ trunk, heat, sides }: Applied<typeof models>, image: Expr) => {
  const seen = trunk(sub(image, 0.5) as Expr<readonly [120, 160, 3]>); // as the data has them
  const each = seen as Expr<readonly [number, number, typeof features]>; // the trunk's last convolution
  return { hot: heat(each), found: boxesAround(sides(each), grid) };
};

const figures = boxFigures(cells, leastScore);

/** Red cells are darker than the ground in green; the others are bluer than they are red, and differ in size. */
const looks: readonly Look[] = [
  {
    class: 0,
    is: (red, green, blue) => green < 0.68 && blue - red < 0.04,
    least: 0.006,
    most: 0.08,
  },
  { class: 1, is: (red, green, blue) => green < 0.7 && blue - red >= 0.04, least: 0.012, most: 1 },
  {
    class: 2,
    is: (red, green, blue) => green < 0.7 && blue - red >= 0.04,
    least: 8e-4,
    most: 0.012,
  },
];

/** What a program of an afternoon finds. Its thresholds were chosen on the training images. */
const colors: Baseline = {
  name: "colors and connected regions",
  evaluate: ({ train, test = train }) => {
    const pictures = test.column("image").toTypedArray();
    const size = pictures.length / test.size;
    const detect = byColor(looks, width);
    const boxes = boxesOfRows(test.column("boxes") as Tensor);
    return figuresOf(
      figures,
      boxes.map((own, i) => [detect(pictures.subarray(i * size, (i + 1) * size)), own] as const),
    );
  },
};

/**
 * Finds red cells, white cells and platelets in images of blood under a microscope: a small residual network, trained from
 * scratch on 191 images of 160 × 120 pixels, says of each of 40 × 30 cells whether the center of a box is in it, and where its
 * sides are.
 *
 * **Source** Zhou et al., "Objects as points" (2019), arXiv:1904.07850, with the sides of TTFNet, arXiv:1909.00700.
 */
export const bloodCellDetector = pipe(
  pipeline(
    "blood-cells",
    bloodCells,
    objective({
      models,
      loss: (models, row, { mode, key }) => {
        const [image, boxes] =
          mode === "train" ? moved(row.image, row.boxes, key) : [row.image, row.boxes];
        const { hot, found } = answered(models, image);
        return {
          loss: centersLoss(hot, found, boxes, grid) as Expr<readonly []>, // it sums over all axes
          output: detections(hot, found, grid, most),
          target: boxes,
        };
      },
      predict: (models, { image }) => {
        const { hot, found } = answered(models, image);
        return detections(hot, found, grid, most);
      },
      optimizer: adamw({
        learningRate: oneCycle(4e-3, epochs * Math.ceil(images / batchSize)),
        weightDecay: 0.01,
      }),
      metrics: figures.map(({ metric }) => metric),
    }),
    {
      description: "boxes around red cells, white cells and platelets in images of blood",
      card: {
        field: "vision",
        data: "`npx fluxion data blood-cells` (BCCD, MIT)",
        heldOut:
          "mAP at 0.5: 0.867, 0.860, 0.868, at 0.5 to 0.95: 0.502, 0.488, 0.488 (three seeds); a count is off by 3.7 RBC, 0.06 WBC, 0.4 platelets",
        baseline: "colors and connected regions: mAP 0.384 and 0.160; counts 4.49, 0.10, 1.33",
        published:
          "mAP at 0.5: YOLOv8n, with 3.0 M params, 0.904 (Yang et al., ablation's first row); YOLO-Dense 0.86; other splits, begun from other data",
        time: "152 s of one core",
        memory: "1.0 GiB",
      },
      available: dataAvailable(bloodCellData),
      data: bloodCellData,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(colors),
  withCallback(answersEvery(countedImage)),
);

if (import.meta.main) runMain(bloodCellDetector);
