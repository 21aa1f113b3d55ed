import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as fc from "fast-check";
import { Backend } from "../../src/backend/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { index } from "../../src/ir/ops/structural.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import { open, still } from "../../src/nn/apply.ts";
import { type Autoregressive, compileDecoder } from "../../src/nn/generate/decoder.ts";
import { greedySearch } from "../../src/nn/generate/search.ts";
import type { AnyLayer, OpenLayer } from "../../src/nn/layer.ts";
import { greatestOf } from "../../src/tensor/extremes.ts";
import { foldIn, key, normal } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { unflatten } from "../../src/tree.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { programOf } from "../symbolic.ts";
import { nearby } from "../values/compare.ts";

/** A sequence model: the layer over whole sequences, a prompt, and the decoder that runs token by token. */
export interface Speaker {
  readonly name: string;
  readonly model: AnyLayer & Autoregressive<never>;
}

interface Utterance {
  readonly seed: number;
  readonly told: readonly number[];
  readonly said: readonly number[];
}

/** The same model with its params type forgotten. */
type Open = OpenLayer & Autoregressive<unknown>;
const opened = (model: Speaker["model"]): Open => ({ ...model, ...open(model) }) as Open;

/** Draws all params anew, in the model's shapes: initial values near 0 would hide mistakes. */
const drawn = ({ init }: Open, seed: number): unknown => {
  const { shape, leaves } = flattenTensors(init(key(seed)).params);
  const numbers = leaves.map((leaf, i) => {
    const draw = normal(foldIn(key(seed), i), (leaf as Tensor).shape);
    return tensorOf(
      draw.shape,
      "f32",
      [...draw.toTypedArray()].map((x) => x / 2),
    );
  });
  return unflatten(shape, numbers);
};

const tokensBelow = (vocabulary: number, most: number): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat({ max: vocabulary - 1 }), { minLength: 1, maxLength: most });

const utterances = ({ vocabulary, positions, source }: Open): fc.Arbitrary<Utterance> =>
  record({
    seed: fc.nat(),
    told:
      source === undefined
        ? fc.constant([])
        : // Padding is no token of a source.
          tokensBelow(source.vocabulary, source.length).map((ts) =>
            ts.map((t) => (t === source.padding ? (t + 1) % source.vocabulary : t)),
          ),
    said: tokensBelow(vocabulary, Math.min(positions, 6)),
  });

/** The logits at the last position, computed by the layer over the whole sequence. */
const lastOf = (model: Open, params: unknown, { told, said }: Omit<Utterance, "seed">): Tensor => {
  const { length = 0, padding = 0 } = model.source ?? {};
  const source = Array.from({ length }, (_, i) => told[i] ?? padding);
  const { shape, leaves } = flattenTensors(params);
  const tokens = tensorOf([length + said.length], "i32", [...source, ...said]);
  const inputs = [tokens, ...leaves];
  const whole = programOf(inputs, ([x, ...rest]) => {
    const [y] = model.apply(unflatten(shape, rest), model.init(key(0)).state, x as Expr, still);
    return [index(y, said.length - 1)];
  });
  return run(whole, inputs)[0] as Tensor;
};

const continuationOf = (model: Open, params: unknown, told: readonly number[]) =>
  Effect.runSync(
    Effect.provide(
      Effect.flatMap(compileDecoder(model), (from) => from(params, told)),
      Backend.layerReference,
    ),
  );

const greatest = (logits: Tensor): number => {
  const x = logits.toTypedArray();
  return x.indexOf(greatestOf(x) as never);
};

/** A decoder that runs token by token with a carried state gives the same outputs as the whole sequence at once. */
export const stepByStep: Law<Speaker> = law(
  "step by step",
  "step (… (step begin x₁) …) xₜ = (apply x)ₜ for every t",
  ({ model }: Speaker) => {
    const own = opened(model);
    return {
      given: utterances(own),
      breach: ({ seed, told, said }: Utterance) => {
        const params = drawn(own, seed);
        const { start, next } = continuationOf(own, params, told);
        let state = start;
        for (const [t, token] of said.entries()) {
          const made = Effect.runSync(Effect.result(next(state, token)));
          if (Result.isFailure(made)) return `it refuses token ${t}: ${made.failure._tag}`;
          state = made.success.state;
          const wanted = lastOf(own, params, { told, said: said.slice(0, t + 1) });
          const difference = nearby(1e-4)(`logits after ${t + 1}`, [made.success.logits], [wanted]);
          if (difference !== undefined) return difference;
        }
        return undefined;
      },
    };
  },
);

/** Greedy decoding with a carried state equals greedy decoding of the whole sequence at each step. */
export const greedyDecoding: Law<Speaker> = law(
  "greedy decoding",
  "decoding with a cache = decoding without",
  ({ model }: Speaker) => {
    const own = opened(model);
    return {
      given: utterances(own),
      breach: ({ seed, told, said: [first = 0] }: Utterance) => {
        const params = drawn(own, seed);
        const length = Math.min(own.positions, 5);
        const search = greedySearch(continuationOf(own, params, told), { from: [first], length });
        const made = Effect.runSync(Effect.result(search));
        if (Result.isFailure(made)) return made.failure._tag;
        const wanted = [first];
        while (wanted.length <= length)
          wanted.push(greatest(lastOf(own, params, { told, said: wanted })));
        return made.success.every((token, i) => token === wanted[i + 1])
          ? undefined
          : `[${made.success}], not [${wanted.slice(1)}]`;
      },
    };
  },
);

/** The laws of models that generate sequences. */
export const decodingLaws: readonly Law<Speaker>[] = [stepByStep, greedyDecoding];
