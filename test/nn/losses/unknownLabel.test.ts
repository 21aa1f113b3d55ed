import { expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import { program } from "../../../src/ir/program.ts";
import { negativeLogLikelihood, softmaxCrossEntropy } from "../../../src/nn/losses/regression.ts";
import { scalar, tensor } from "../../../src/tensor/constructors.ts";

const logits = constant(tensor([1, 2, 3]));
const valueOf = (loss: typeof softmaxCrossEntropy, label: number) =>
  run(program([], [loss(logits, scalar(label, "i32"))]), [])[0]?.item();

it.each([
  ["softmaxCrossEntropy", softmaxCrossEntropy],
  ["negativeLogLikelihood", negativeLogLikelihood],
] as const)("%s of an invalid label is NaN, so that it cannot train silently", (_, loss) => {
  expect(valueOf(loss, 2)).toBeTypeOf("number");
  expect(valueOf(loss, 2)).not.toBeNaN();
  expect(valueOf(loss, 3)).toBeNaN();
  expect(valueOf(loss, -1)).toBeNaN();
});
