import { pipe } from "fp-ts/lib/function.js";
import { augmentations, randomFlip, randomPatch } from "../../src/data/index.ts";
import {
  adam,
  binaryCrossEntropyWithLogits,
  cosineDecay,
  type Expr,
  objective,
  pipeline,
  runMain,
  type Tensor,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { dataAvailable } from "../../src/io/index.ts";
import {
  cast,
  concatenate,
  expandDims,
  gt,
  index,
  mean,
  ne,
  sliceAxis,
} from "../../src/ir/index.ts";
import { sigmoid } from "../../src/nn/index.ts";
import {
  connectedRegions,
  intersectionOverUnion,
  meanOf,
  overOutputs,
  randError,
} from "../../src/nn/metrics/index.ts";
import { unet } from "../../src/nn/models/index.ts";
import { smoothedThreshold } from "../baselines/vision/smoothedThreshold.ts";
import { masksEvery } from "../data/vision/masks.ts";
import { membraneData, membraneSlices } from "../data/vision/membranes.ts";

/** The size of the patches that the network learns from, how many make a step, and how many an epoch. */
const [patch, batchSize, perEpoch, epochs] = [128, 8, 480, 6];

/** A patch anywhere in a slice, in one of four orientations. */
const changed = augmentations(randomPatch(patch), randomFlip(), randomFlip({ axis: 0 }));

/** The cells of a slice: the connected pixels outside of the membranes, whose logits or labels are above 0. */
const cellsOf = (membranes: Tensor): Int32Array =>
  connectedRegions(
    Array.from(membranes.toTypedArray(), (x) => (x > 0 ? 0 : 1)),
    membranes.shape[1] ?? 1,
  );

/**
 * Marks the membranes of cells in brain tissue under the electron microscope. A U-Net with 8 channels learns from patches of
 * 24 slices, and is tested on six whole ones. `randError` judges the cells that the membranes leave between them.
 *
 * **Source** Ronneberger, Fischer and Brox (2015), arXiv:1505.04597, with batch normalization, and a sixty-fourth of its
 * weights.
 */
export const membranes = pipe(
  pipeline(
    "membranes",
    membraneSlices(perEpoch),
    objective({
      models: { net: unet(1, { channels: 1, width: 8, levels: 3, normalize: true }) },
      loss: ({ net }, { image, membrane }, { mode, key }) => {
        // Image and labels are cut and mirrored as one.
        const both = concatenate([image, expandDims(membrane, -1)], -1);
        const seen = mode === "train" ? changed(both, key) : both;
        const logits = net(sliceAxis(seen, -1, 0, 1) as typeof image); // patches are images too
        const wanted = index(seen, 1, -1);
        const said = index(logits, 0, -1);
        return {
          loss: mean(binaryCrossEntropyWithLogits(said, wanted)) as Expr<readonly []>,
          output: logits,
          target: wanted,
          values: { pixelError: mean(cast(ne(cast(gt(said, 0), "f32"), wanted), "f32")) },
        };
      },
      predict: ({ net }, { image }) => sigmoid(index(net(image), 0, -1)),
      optimizer: adam({ learningRate: cosineDecay(1e-2, (epochs * perEpoch) / batchSize) }),
      metrics: [
        meanOf("pixelError"),
        { ...intersectionOverUnion(2, 1), name: "iou" },
        overOutputs(randError, (logits, labels) => [cellsOf(logits), cellsOf(labels)]),
      ],
    }),
    {
      description: "where membranes of brain cells are, by a U-Net",
      units: { loss: "nats per pixel" },
      card: {
        field: "vision",
        data: "`npx fluxion data membranes` (ISBI 2012; the repository: MIT)",
        heldOut:
          "pixel error 0.080, 0.084, 0.081, IoU 0.656, 0.643, 0.657, Rand error 0.172, 0.328, 0.291 (three seeds)",
        baseline: "threshold after smoothing: pixel error 0.179, IoU 0.450, Rand error 0.631",
        published:
          "U-Net: pixel error 0.0611, Rand error 0.0382, on the challenge's hidden test (Ronneberger et al., 2015)",
        time: "100 s of one core",
        memory: "1.0 GiB",
      },
      data: membraneData,
      available: dataAvailable(membraneData),
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(smoothedThreshold([1, 2, 3])),
  withCallback(masksEvery("membrane", { size: 256, scale: 4 })),
);

if (import.meta.main) runMain(membranes);
