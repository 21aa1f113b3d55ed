import * as Effect from "effect/Effect";
import { key as keyOf, loadModel, normal, predictor } from "../../src/index.ts";
import { digest } from "../../src/ir/hash/murmur.ts";

/** A hash of the bits of what models predict for drawn rows, many together and one alone, or of the texts that they write. */
export const predictedHash = async (from: string): Promise<string> =>
  (await Promise.all(from.split(",").map(hashOf))).join(" ");

const hashOf = async (from: string): Promise<string> => {
  const model = await Effect.runPromise(loadModel(from));
  const predict = predictor(model);
  if (model.generation !== undefined) {
    const prompts = ["abc", "e"].map((text) => ({ text }));
    return digest(new TextEncoder().encode(JSON.stringify(await predict.answers(prompts))));
  }
  const rows = Array.from({ length: 150 }, (_, i) =>
    Object.fromEntries(
      Object.entries(model.columns).map(([column, { shape }]) => [column, normal(keyOf(i), shape)]),
    ),
  );
  const outputs = [await predict(rows), await predict(rows[0] ?? {})];
  await predict.release();
  return outputs
    .map((output) => digest(new Uint8Array(output.toTypedArray().slice().buffer)))
    .join(" ");
};
