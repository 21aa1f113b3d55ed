import * as Effect from "effect/Effect";
import { Backend } from "../../backend/backend.ts";
import { answering, traced, type Values } from "../../backend/compile.ts";
import type { RunFailure } from "../../backend/later.ts";
import {
  EmptySequence,
  type NonFiniteLogits,
  SequenceTooLong,
  UnknownToken,
} from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { broadcastTo } from "../../ir/ops/promote.ts";
import { type Exprs, exprTree, tensorTree } from "../../ir/trees.ts";
import { scalar } from "../../tensor/constructors.ts";
import { type Key, key as keyOf } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import type { Initial, Symbolic } from "../layer.ts";

/**
 * Decoding: generating sequences token by token.
 *
 * A model defines one step as a symbolic function. The step is compiled once to a function of values, and greedy search,
 * sampling and beam search are functions of that. Each is an Effect, since the backend may answer later;
 * `Effect.runSync` gives the result at once on a backend that does.
 */

/** The source sequences of a model: the vocabulary, the maximum length, and the padding token. */
export interface Source {
  readonly vocabulary: number;
  readonly length: number;
  readonly padding: number;
}

/** An autoregressive model, which generates sequences token by token in evaluation mode. `P` are its params. */
export interface Autoregressive<P> {
  readonly name: string;
  /** The number of tokens that it can generate. */
  readonly vocabulary: number;
  /** The maximum length of a sequence. */
  readonly positions: number;
  /** The source sequence that it is conditioned on, if any. */
  readonly source?: Source;
  /** The carry before the first token. `source: [length]` of i32. */
  readonly begin: (params: Symbolic<P>, source: Expr) => unknown;
  /** Takes a token (`[]` of i32), and returns the logits `[vocabulary]` of the next one, and the next carry. */
  readonly step: (
    params: Symbolic<P>,
    token: Expr<readonly []>,
    carry: unknown,
  ) => readonly [logits: Expr, carry: unknown];
}

/** An autoregressive model with `init`, which also determines the shapes of its params. */
export interface Initialized<P> extends Autoregressive<P> {
  readonly init: (key: Key) => Initial<P, unknown>;
}

/** Errors of decoding: invalid tokens given to a model, invalid logits from it, or a failure of the backend. */
export type DecodingFailure =
  | UnknownToken
  | SequenceTooLong
  | EmptySequence
  | NonFiniteLogits
  | RunFailure;

/** The result of one decoding step. */
export interface DecodeStep<S> {
  /** The logits of the next token, `[vocabulary]`. */
  readonly logits: Tensor<readonly [number]>;
  readonly state: S;
}

/**
 * A model as a function from a state and a token to the next step. A state is an immutable value, so that a search can
 * continue from it any number of times.
 */
export interface Continuation<S> {
  /** The name of the model, for error messages. */
  readonly name: string;
  readonly vocabulary: number;
  /** The state before the first token. */
  readonly start: S;
  /** Feeds one token to the model. **Fails with** `UnknownToken`, `SequenceTooLong`, `WorkerLost`, `MemoryLimit`. */
  readonly next: (
    state: S,
    token: number,
  ) => Effect.Effect<DecodeStep<S>, UnknownToken | SequenceTooLong | RunFailure>;
}

/** The state of a compiled model between tokens. */
export interface Carried {
  readonly carry: Tree<Tensor>;
  /** The number of tokens so far. */
  readonly length: number;
}

/** A compiled model: makes a continuation from any params of its shapes, and any source. */
export type Continue<P> = (
  params: P,
  source?: readonly number[],
) => Effect.Effect<Continuation<Carried>, DecodingFailure>;

/**
 * Compiles the step of a model, once for all values of its params.
 *
 * **Fails with** `CompileError`, `BackendUnavailable`, `MemoryLimit`; what is returned, with `UnknownToken`,
 * `SequenceTooLong` and `EmptySequence` where the source is invalid, `WorkerLost`, `MemoryLimit`; `ShapeMismatch`,
 * `DtypeMismatch` and `InvalidArgument`, thrown, which name the param that is not like those of `init`.
 * **Laws** `laws.decoding`: decoding step by step gives the same as applying the model to the whole sequence.
 *
 * **Example**
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, key } from "fluxion";
 * import { compileDecoder, greedySearch } from "fluxion/generate";
 * import { gpt } from "fluxion/models";
 *
 * const model = gpt({ vocabulary: 5, positions: 8, width: 4, blocks: 1, heads: 2 });
 * const { params } = model.init(key(1));
 * const said = Effect.gen(function* () {
 *   const from = yield* compileDecoder(model);
 *   return yield* greedySearch(yield* from(params), { from: [0], length: 3 });
 * });
 * Effect.runSync(Effect.provide(said, Backend.layerReference)).length; // => 3
 * ```
 */
export const compileDecoder = Effect.fnUntraced(function* <P>(model: Initialized<P>) {
  const { source, vocabulary } = model;
  const params = tensorTree(model.init(keyOf(0)).params);
  const blank = tokensOf(filled([], source));
  // In a program the params are a tree of expressions.
  const begin = yield* compiled(
    ["params", "source"],
    (p: Exprs, told: Expr) => exprTree(model.begin(p as Symbolic<P>, told)),
    [params, blank],
  );
  // The carry has the same shapes and dtypes at every step.
  const step = yield* compiled(
    ["params", "token", "carry"],
    (p: Exprs, token: Expr<readonly []>, carry: Exprs) => {
      const [logits, next] = model.step(p as Symbolic<P>, token, carry);
      return [broadcastTo(logits, [vocabulary]), exprTree(next)] as const;
    },
    [params, scalar(0, "i32"), yield* begin(params, blank)],
  );
  const from: Continue<P> = (own, told) => {
    const tree = tensorTree(own);
    return continuing(
      model,
      (source) => begin(tree, source),
      (token, carry) => step(tree, token, carry),
    )(told);
  };
  return from;
});

/** How a compiled model begins, from its padded source, and takes a token. */
type Begin = (source: Tensor) => Effect.Effect<Tree<Tensor>, RunFailure>;
type Step = (
  token: Tensor<readonly []>,
  carry: Tree<Tensor>,
) => Effect.Effect<readonly [logits: Tensor, carry: Tree<Tensor>], RunFailure>;

/** A model's sizes and compiled functions as one that checks its tokens, for any source. */
export const continuing =
  (
    {
      name,
      source,
      vocabulary,
      positions,
    }: Pick<Autoregressive<never>, "name" | "source" | "vocabulary" | "positions">,
    begin: Begin,
    step: Step,
  ) =>
  (told: readonly number[] = []): Effect.Effect<Continuation<Carried>, DecodingFailure> => {
    const issue = source === undefined ? undefined : sourceIssue(name, source, told);
    if (issue !== undefined) return Effect.fail(issue);
    const next: Continuation<Carried>["next"] = ({ carry, length }, token) => {
      if (!isToken(token, vocabulary))
        return Effect.fail(
          new UnknownToken({
            token: String(token),
            position: length,
            known: vocabulary,
            path: [name],
          }),
        );
      if (length >= positions)
        return Effect.fail(
          new SequenceTooLong({ length: length + 1, limit: positions, path: [name] }),
        );
      return Effect.map(step(scalar(token, "i32"), carry), ([logits, after]) => ({
        logits: logits as Tensor<readonly [number]>, // [vocabulary]
        state: { carry: after, length: length + 1 },
      }));
    };
    return Effect.map(begin(tokensOf(filled(told, source))), (carry) => ({
      ...{ name, vocabulary, next },
      start: { carry, length: 0 },
    }));
  };

/** Pads a source to its maximum length; empty if the model has no source. */
const filled = (told: readonly number[], source: Source | undefined): readonly number[] =>
  Array.from({ length: source?.length ?? 0 }, (_, i) => told[i] ?? source?.padding ?? 0);

const tokensOf = (tokens: readonly number[]): Tensor =>
  Tensor.own([tokens.length], "i32", Int32Array.from(tokens));

/** Compiles a symbolic function, whose arguments errors call by these names. */
const compiled = Effect.fnUntraced(function* <A extends readonly unknown[], B>(
  names: readonly string[],
  f: (...args: A) => B,
  examples: Values<A>,
) {
  const backend = yield* Backend;
  const op = "compileDecoder";
  const argument = (i: number) => names[i] ?? `argument ${i + 1}`;
  const words = { op, called: op, example: argument, argument };
  const made = traced(f, examples, words);
  const executable = yield* backend.compile(made.program);
  return answering(executable, made);
});

const isToken = (token: number, vocabulary: number): boolean =>
  Number.isInteger(token) && token >= 0 && token < vocabulary;

const sourceIssue = (
  name: string,
  { length, vocabulary }: Source,
  told: readonly number[],
): DecodingFailure | undefined => {
  const path = [name, "source"];
  if (told.length === 0) return new EmptySequence({ path });
  if (told.length > length)
    return new SequenceTooLong({ length: told.length, limit: length, path });
  const position = told.findIndex((token) => !isToken(token, vocabulary));
  return position < 0
    ? undefined
    : new UnknownToken({ token: String(told[position]), position, known: vocabulary, path });
};
