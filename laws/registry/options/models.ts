import type * as alexnets from "../../../src/nn/models/alexnet.ts";
import { alexnet } from "../../../src/nn/models/alexnet.ts";
import type * as gpts from "../../../src/nn/models/gpt.ts";
import { gpt } from "../../../src/nn/models/gpt.ts";
import type * as lenets from "../../../src/nn/models/lenet.ts";
import { lenet } from "../../../src/nn/models/lenet.ts";
import type * as classifiers from "../../../src/nn/models/lstmClassifier.ts";
import { lstmClassifier } from "../../../src/nn/models/lstmClassifier.ts";
import type * as mlps from "../../../src/nn/models/mlp.ts";
import { mlp } from "../../../src/nn/models/mlp.ts";
import type * as perceptrons from "../../../src/nn/models/perceptron.ts";
import { perceptron } from "../../../src/nn/models/perceptron.ts";
import type * as resnets from "../../../src/nn/models/resnet.ts";
import { cifarResnet, resnet } from "../../../src/nn/models/resnet.ts";
import type * as seq2seqs from "../../../src/nn/models/seq2seq.ts";
import { seq2seq } from "../../../src/nn/models/seq2seq.ts";
import type * as transformers from "../../../src/nn/models/transformer.ts";
import { transformer } from "../../../src/nn/models/transformer.ts";
import type * as stacks from "../../../src/nn/models/transformerStacks.ts";
import {
  transformerDecoder,
  transformerEncoder,
} from "../../../src/nn/models/transformerStacks.ts";
import type * as unets from "../../../src/nn/models/unet.ts";
import { unet } from "../../../src/nn/models/unet.ts";
import type * as vits from "../../../src/nn/models/vit.ts";
import { vit } from "../../../src/nn/models/vit.ts";
import { between, type Option, optionsOf, type Range, wholeFrom } from "../../options.ts";
import type { OptionTable } from "./table.ts";

const size = wholeFrom(1);
const rate = between(0, 1, { high: true });

type Numbers = { readonly [option: string]: number };

/** One option at a time, with all others fixed. */
const eachOf = <K extends string>(
  ranges: { readonly [Name in K]: Range },
  make: (given: Numbers) => unknown,
): { readonly [Name in K]: readonly [Range, (n: number) => unknown] } =>
  // One entry per name.
  Object.fromEntries(
    Object.entries<Range>(ranges).map(([name, range]) => [
      name,
      [range, (n: number) => make({ [name]: n })],
    ]),
  ) as never;

const source = { vocabulary: 4, length: 3, padding: 0 };
const inSource = { sourceLength: size, sourceVocabulary: size, padding: wholeFrom(0, 3) };
const sourceOf = ({ sourceLength = 3, sourceVocabulary = 4, padding = 0 }: Numbers) => ({
  length: sourceLength,
  vocabulary: sourceVocabulary,
  padding,
});
const stack = { vocabulary: size, width: size, blocks: size, hidden: size };
const drops = { dropout: rate, attentionDropout: rate };
const small = { vocabulary: 3, width: 2, blocks: 1, heads: 1, hidden: 2 };
const heads = wholeFrom(1, 2);

/** Models. A missing option does not compile. */
const modelOptions: OptionTable<
  typeof alexnets &
    typeof classifiers &
    typeof gpts &
    typeof lenets &
    typeof mlps &
    typeof perceptrons &
    typeof resnets &
    typeof seq2seqs &
    typeof stacks &
    typeof transformers &
    typeof unets &
    typeof vits
> = {
  alexnet: {
    classes: [size, (n) => alexnet(n)],
    ...eachOf({ channels: size, hidden: size, pooled: size, dropout: rate }, (o) => alexnet(2, o)),
  },
  lenet: {
    classes: [size, (n) => lenet(n)],
    channels: [size, (channels) => lenet(2, { channels })],
  },
  mlp: {
    width: [size, (n) => mlp(2, [n], 2)],
    dropout: [rate, (dropout) => mlp(2, [2], 2, { dropout })],
  },
  perceptron: { inputs: [size, (n) => perceptron(n)], outputs: [size, (n) => perceptron(2, n)] },
  resnet: {
    classes: [size, (n) => resnet(18, n)],
    ...eachOf({ channels: size, width: size }, (o) => resnet(18, 2, o)),
  },
  cifarResnet: {
    classes: [size, (n) => cifarResnet(8, n)],
    ...eachOf({ channels: size, width: size }, (o) => cifarResnet(8, 2, o)),
  },
  unet: {
    classes: [size, (n) => unet(n)],
    ...eachOf({ channels: size, width: size, levels: size }, (o) => unet(2, { width: 1, ...o })),
  },
  vit: {
    classes: [size, (n) => vit(n, { size: 4, patch: 2, width: 4, depth: 1, heads: 1 })],
    ...eachOf(
      {
        ...{ size, patch: wholeFrom(1, 1), width: size, depth: size },
        ...{ heads: wholeFrom(1, 1), hidden: size, channels: size, dropout: rate },
      },
      (o) => vit(2, { size: 1, patch: 1, width: 1, depth: 1, heads: 1, ...o }),
    ),
  },
  gpt: eachOf({ ...stack, positions: size, heads, dropout: rate }, (o) =>
    gpt({ ...small, positions: 3, ...o }),
  ),
  lstmClassifier: eachOf(
    {
      ...{ vocabulary: size, width: size, hidden: size, classes: size, layers: size },
      ...{ dropout: rate, padding: wholeFrom(0, 2) },
    },
    (o) => lstmClassifier({ vocabulary: 3, width: 2, hidden: 2, classes: 2, ...o }),
  ),
  seq2seq: {
    ...eachOf({ vocabulary: size, width: size, layers: size, dropout: rate, ...inSource }, (o) =>
      seq2seq({ vocabulary: 3, width: 2, hidden: 2, ...o, source: sourceOf(o) }),
    ),
    hidden: [wholeFrom(2, 2), (hidden) => seq2seq({ source, vocabulary: 3, width: 2, hidden })],
  },
  transformerEncoder: eachOf({ ...stack, heads, ...drops }, (o) =>
    transformerEncoder({ ...small, ...o }),
  ),
  transformerDecoder: eachOf({ ...stack, heads, ...drops }, (o) =>
    transformerDecoder({ ...small, ...o }),
  ),
  transformer: eachOf({ ...stack, heads, ...drops, positions: size, ...inSource }, (o) =>
    transformer({ ...small, positions: 3, ...o, source: sourceOf(o) }),
  ),
};

/** Every numeric option of models. */
export const modelOptionCases: readonly Option[] = Object.entries(modelOptions).flatMap(
  ([op, options]) => optionsOf(op, options),
);
