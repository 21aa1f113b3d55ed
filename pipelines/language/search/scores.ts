import {
  dense,
  type Expr,
  embedding,
  initializers,
  relu,
  scan,
  sequential,
} from "../../../src/index.ts";
import {
  add,
  and,
  constant,
  div,
  eq,
  exp,
  expandDims,
  fill,
  index,
  iota,
  log,
  matmul,
  minimum,
  moveAxis,
  mul,
  ne,
  pad,
  ravel,
  rem,
  reshape,
  scatterAddAlongAxis,
  shiftRight,
  sliceAxis,
  sqrt,
  square,
  sum,
  take,
  transpose,
  where,
} from "../../../src/ir/index.ts";
import { type Definitions, fieldSets, kinds } from "../../data/language/answering/definitions.ts";

/** The most frequent signs have vectors and weights of their own, all others the same. */
const limit = 16_384;
/** How many entries are scored at once where all are. */
const block = 512;
const width = 64;

/** Everything that is learned. All weights are powers of e, which begin at 1. */
export const models = {
  signs: embedding(limit, width, { tableInit: initializers.normal(0.1) }),
  read: sequential(dense(width, width), relu, dense(width, width)),
  /** How much a sign counts more than it is rare: where both texts have it, and in the vectors of a definition and of an entry. */
  counts: embedding(limit, 3, { tableInit: initializers.zeros }),
  /** How much it counts by the fields of an entry that have it: where both have it, in the entry's length, and in its vector. */
  fields: embedding(fieldSets, 3, { tableInit: initializers.zeros }),
  /** A vector for each kind of word, which is added to that of an entry. */
  kinds: embedding(kinds.length, width, { tableInit: initializers.zeros }),
  /** How sharp scores are, how much vectors count in them, and how much the length of an entry. */
  scales: embedding(3, 1, { tableInit: initializers.zeros }),
};
export type Of = { readonly [M in keyof typeof models]: (x: Expr) => Expr };

/** What is known of all entries, and how words are compared. */
export type Known = Pick<Definitions, "table" | "spelling" | "rarity">;

/** Definitions as they are compared. */
export interface Asked {
  /** 1 for each sign that a definition has: `[definitions, signs]`. */
  readonly has: Expr;
  /** The length of these, each as long as it is rare: `[definitions]`. */
  readonly length: Expr;
  /** What it means: `[definitions, width]`. */
  readonly meant: Expr;
}

const unit = (rows: Expr): Expr =>
  div(rows, expandDims(sqrt(add(sum(square(rows), -1), 1e-6)), -1));

/** The direction of the sum of vectors `[..., n, width]` by their weights `[..., n]`. */
const towards = (weights: Expr, vectors: Expr): Expr =>
  unit(sum(mul(expandDims(weights, -1), vectors), -2));

/** The columns of a learned table `[rows, columns]` for these rows. */
const columnsOf = (table: Expr, rows: Expr): readonly Expr[] => {
  const those = take(table, rows);
  return Array.from({ length: table.shape[1] ?? 0 }, (_, i) => index(those, i, -1));
};

const one: Expr = fill([], 1);

/** Definitions, in numbers of words `[definitions, length]`. In training some of their signs are left out. */
export const asking = (
  of: Of,
  { spelling, rarity }: Known,
  text: Expr,
  leave: (signs: Expr) => Expr = (signs) => signs,
): Asked => {
  const [rows = 1, length = 1] = text.shape;
  const signs = leave(reshape(take(constant(spelling), text), [rows, 2 * length]));
  const times = scatterAddAlongAxis(fill([rows, rarity.size], 0), signs, fill(signs.shape, 1), 1);
  const has = minimum(times, 1);
  const frequent = minimum(signs, limit - 1);
  const [, counts = one] = columnsOf(of.counts(iota([limit])), frequent);
  const weights = mul(take(constant(rarity), signs), exp(counts));
  const mean = towards(weights, take(of.signs(iota([limit])), frequent));
  return {
    has,
    length: sqrt(add(matmul(has, square(constant(rarity))), 1)),
    meant: add(mean, of.read(mean)),
  };
};

/**
 * The scores of entries `[entries, 1 + signs]` for definitions: `[definitions, entries]`. They begin as TF-IDF does, with a length of
 * entries that counts half as much, and the nearness of vectors beside it.
 *
 * **Math** `s(q, e) = a (Σ r² b / (‖q‖ ‖e‖^(c/2)) + n u(q)·v(e))`, where the sum is over the signs of both, `r` is how rare each is, and
 * `a`, `b`, `c`, `n`, the weights in `‖e‖` and the vectors `u`, `v` are learned.
 */
export const scoring = (of: Of, { rarity }: Known, entries: Expr, asked: Asked): Expr => {
  const [n = 1, columns = 1] = entries.shape;
  const marks = sliceAxis(entries, 1, 1, columns);
  const signs = shiftRight(marks, Math.log2(fieldSets));
  const [rare, frequent] = [take(constant(rarity), signs), minimum(signs, limit - 1)];
  const [shared = one, , own = one] = columnsOf(of.counts(iota([limit])), frequent);
  const [both = one, long = one, kept = one] = columnsOf(
    of.fields(iota([fieldSets])),
    rem(marks, fieldSets),
  );
  const [sharp = one, near = one, by = one] = [0, 1, 2].map((i) =>
    exp(index(of.scales(iota([3])), i)),
  );
  const has = reshape(take(asked.has, ravel(signs), 1), [-1, n, columns - 1]);
  const overlap = sum(mul(has, mul(square(rare), exp(add(both, shared)))), -1);
  const squares = add(sum(mul(square(rare), exp(long)), -1), 1);
  const length = exp(mul(mul(by, 0.25), log(squares)));
  const words = div(overlap, mul(expandDims(asked.length, 1), length));
  const weights = mul(rare, exp(add(kept, own)));
  const kind = take(of.kinds(iota([kinds.length])), index(entries, 0, 1));
  const vectors = add(towards(weights, take(of.signs(iota([limit])), frequent)), kind);
  const meanings = mul(near, matmul(asked.meant, transpose(vectors)));
  return mul(mul(6, sharp), add(words, meanings));
};

/** The scores of all entries, a block of them after the other: `[definitions, entries]`. */
export const allScores = (of: Of, known: Known, asked: Asked): Expr => {
  const [n, columns] = known.table.shape;
  const blocks = Math.ceil(n / block);
  const rest = blocks * block - n;
  const filled = pad(constant(known.table), [
    [0, rest],
    [0, 0],
  ]);
  const [, scores] = scan(
    (none: Expr, entries: Expr) => [none, scoring(of, known, entries, asked)] as const,
    one,
    reshape(filled, [blocks, block, columns]),
  );
  const rows = scores.shape[1] ?? 1;
  return sliceAxis(reshape(moveAxis(scores, 0, 1), [rows, blocks * block]), 1, 0, n);
};

/**
 * Scores `[rows, offered]` of entries that are offered to all definitions together, of which the own entry of the `i`-th is the `i`-th.
 * Where it is offered again, for another definition or by chance, it is no wrong answer: its score is then -1e9.
 */
export const ownOnce = (scores: Expr, offered: Expr): Expr => {
  const [rows = 1, all = 1] = scores.shape;
  const own = expandDims(sliceAxis(offered, 0, 0, rows), 1);
  const elsewhere = ne(expandDims(iota([all]), 0), expandDims(iota([rows]), 1));
  return where(and(eq(expandDims(offered, 0), own), elsewhere), -1e9, scores);
};
