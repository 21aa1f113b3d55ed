import * as Effect from "effect/Effect";
import { type Either, left, right } from "fp-ts/lib/Either.js";
import { leavesOf } from "../../autodiff/tree.ts";
import { Backend } from "../../backend/backend.ts";
import {
  EmptySequence,
  type NonFiniteLogits,
  SequenceTooLong,
  UnknownToken,
} from "../../errors.ts";
import { parameter } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { program } from "../../ir/program.ts";
import { scalar } from "../../tensor/constructors.ts";
import { type Key, key as keyOf } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { flatten, type Tree, unflatten } from "../../tree.ts";
import type { Initial, Symbolic } from "../layer.ts";

/**
 * Decoding: sequences said token by token.
 *
 * A model gives one step as a symbolic function; the step is compiled once and becomes a pure function of
 * values; greedy decoding, sampling and beam search are pure functions of that.
 */

/** Sequences of tokens that a model is told: up to some length, filled up with a token that is none. */
export interface Source {
  readonly vocabulary: number;
  readonly length: number;
  readonly padding: number;
}

/** A model that says sequences token by token, in evaluation. `P` is its params. */
export interface Autoregressive<P> {
  readonly name: string;
  /** How many tokens there are to say. */
  readonly vocabulary: number;
  /** How many tokens it can be given. */
  readonly positions: number;
  /** What it is told first, where it says something about something. */
  readonly source?: Source;
  /** What it carries before the first token. `source: [length]` of i32. */
  readonly begin: (params: Symbolic<P>, source: Expr) => unknown;
  /** The logits `[vocabulary]` of what follows a token (`[]` of i32), and what is carried on. */
  readonly step: (
    params: Symbolic<P>,
    token: Expr<readonly []>,
    carry: unknown,
  ) => readonly [logits: Expr, carry: unknown];
}

/** The same with its first params, by which its shapes are known. */
export interface Initialized<P> extends Autoregressive<P> {
  readonly init: (key: Key) => Initial<P, unknown>;
}

/** What may be wrong with the tokens that a model is given, or with the logits that it gives. */
export type DecodingFailure = UnknownToken | SequenceTooLong | EmptySequence | NonFiniteLogits;

/** What a model makes of a token. */
export interface DecodeStep<S> {
  /** Of what comes next. `[vocabulary]`. */
  readonly logits: Tensor<readonly [number]>;
  readonly state: S;
}

/**
 * What follows a sequence, as a pure function: a state is a value, and a search may go on from it as often
 * as it likes.
 */
export interface Continuation<S> {
  /** Of the model, where an error says what was asked. */
  readonly name: string;
  readonly vocabulary: number;
  /** Before the first token. */
  readonly start: S;
  /** **Fails with** `UnknownToken`, `SequenceTooLong`, on the left. */
  readonly next: (state: S, token: number) => Either<UnknownToken | SequenceTooLong, DecodeStep<S>>;
}

/** What a compiled model carries from token to token. */
export interface Carried {
  readonly carry: Tree<Tensor>;
  /** How many tokens it has been given. */
  readonly length: number;
}

/** A compiled model: what follows, for any params of its shapes and any source. */
export type Continue<P> = (
  params: P,
  source?: readonly number[],
) => Either<DecodingFailure, Continuation<Carried>>;

/**
 * Compiles the step of a model, once for all params that it may come to have.
 *
 * **Fails with** `CompileError`, `BackendUnavailable`, `MemoryLimit`; what is returned, with `UnknownToken`,
 * `SequenceTooLong` and `EmptySequence` on the left, where the source is not one of the model's.
 * **Laws** `laws.decoding`: step by step it gives what the model gives at once.
 *
 * **Example**
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, key } from "fluxion";
 * import { compileDecoder, greedySearch } from "fluxion/generate";
 * import { gpt } from "fluxion/models";
 * import * as Either from "fp-ts/lib/Either.js";
 * import { pipe } from "fp-ts/lib/function.js";
 *
 * const model = gpt({ vocabulary: 5, positions: 8, width: 4, blocks: 1, heads: 2 });
 * const { params } = model.init(key(1));
 * const from = Effect.runSync(Effect.provide(compileDecoder(model), Backend.layerReference));
 * const said = pipe(from(params), Either.chainW((c) => greedySearch(c, { from: [0], length: 3 })));
 * said._tag; // => 'Right'
 * ```
 */
export const compileDecoder = Effect.fnUntraced(function* <P>(model: Initialized<P>) {
  const { name, source, vocabulary, positions } = model;
  const { params } = model.init(keyOf(0));
  const blank = tokensOf(filled([], source));
  // Params stand in a program as the tree of expressions that stands for them.
  const begin = yield* compiled<Tree<Tensor>>(
    ([p, told]) => model.begin(p as Symbolic<P>, told as Expr),
    [params, blank],
  );
  // What is carried has the types of what comes before the first token.
  const step = yield* compiled<readonly [Tensor<readonly [number]>, Tree<Tensor>]>(
    ([p, token, carry]) => model.step(p as Symbolic<P>, token as Expr<readonly []>, carry),
    [params, scalar(0, "i32"), begin([params, blank])],
  );
  const from: Continue<P> = (own, told = []) => {
    const issue = source === undefined ? undefined : sourceIssue(name, source, told);
    if (issue !== undefined) return left(issue);
    return right({
      name,
      vocabulary,
      start: { carry: begin([own, tokensOf(filled(told, source))]), length: 0 },
      next: ({ carry, length }, token) => {
        if (!isToken(token, vocabulary))
          return left(
            new UnknownToken({
              token: String(token),
              position: length,
              known: vocabulary,
              path: [name],
            }),
          );
        if (length >= positions)
          return left(new SequenceTooLong({ length: length + 1, limit: positions, path: [name] }));
        const [logits, after] = step([own, scalar(token, "i32"), carry]);
        return right({ logits, state: { carry: after, length: length + 1 } });
      },
    });
  };
  return from;
});

/** A source with padding up to its length; nothing where there is none. */
const filled = (told: readonly number[], source: Source | undefined): readonly number[] =>
  Array.from({ length: source?.length ?? 0 }, (_, i) => told[i] ?? source?.padding ?? 0);

const tokensOf = (tokens: readonly number[]): Tensor =>
  Tensor.own([tokens.length], "i32", Int32Array.from(tokens));

/** A symbolic function of trees as a function of trees of tensors, whose types its caller knows. */
const compiled = Effect.fnUntraced(function* <B>(
  f: (args: readonly unknown[]) => unknown,
  examples: readonly unknown[],
) {
  const backend = yield* Backend;
  const { leaves, shape } = flatten(examples);
  const inputs = (leaves as readonly Tensor[]).map(parameter);
  const made = leavesOf(f(unflatten(shape, inputs) as readonly unknown[]));
  const executable = yield* backend.compile(program(inputs, made.leaves));
  return (args: readonly unknown[]): B =>
    unflatten(made.shape, executable.run(flatten(args).leaves as readonly Tensor[])) as B;
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
