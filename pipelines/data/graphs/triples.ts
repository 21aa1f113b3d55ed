import { join } from "node:path";
import * as Effect from "effect/Effect";
import { type FromText, fromText, vocabularyOf } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { dataFiles, dataFolder, readTar } from "../../../src/io/index.ts";

/** A fact of a knowledge graph: a relation from a head to a tail. */
export type Triple = readonly [head: string, relation: string, tail: string];

/** A question about a fact, as numbers: which tail has this head by this relation? */
export type Question = {
  readonly head: Tensor<readonly [1]>;
  /** The number of a relation, or of its inverse, which asks for the head. */
  readonly relation: Tensor<readonly [1]>;
  readonly tail: Tensor<readonly []>;
  /** The other right answers, which do not count as wrong; -1 where there are no more. */
  readonly others: Tensor<readonly [number]>;
};

/** The facts in a text: one on each line, separated by tabs. */
export const parseTriples = (text: string): readonly Triple[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim().split("\t"))
    .filter((fields): fields is [string, string, string] => fields.length === 3);

/** The names of entities and relations, in the order in which they are first read. */
export const namesIn = (triples: readonly Triple[]) => ({
  entities: [...new Set(triples.flatMap(([head, , tail]) => [head, tail]))],
  relations: [...new Set(triples.map(([, relation]) => relation))],
});

const column = (values: readonly number[]): Tensor<readonly [number]> =>
  fromTypedArray([values.length], Int32Array.from(values));

const tokens = (values: readonly number[]): Tensor<readonly [number, 1]> =>
  fromTypedArray([values.length, 1], Int32Array.from(values));

/** The numbers of heads, relations and tails. */
const numbersOf = (
  of: {
    readonly [column in "head" | "relation" | "tail"]: Tensor;
  },
): readonly [heads: Int32Array, relations: Int32Array, tails: Int32Array] =>
  [of.head, of.relation, of.tail].map((x) => Int32Array.from(x.toTypedArray())) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ]; // three columns

/** How the name of an entity, or of a relation, becomes its number. */
const named = (names: readonly string[]): FromText =>
  fromText({ vocabulary: vocabularyOf(names), length: 1, split: "items", longer: "refused" });

/**
 * Asks about each fact in both directions. The inverse of relation `r` of `n` has the number `r + n` and
 * the name `inverse_of_r`.
 *
 * A question that has several right answers is asked for each of them, and the others do not count as wrong ("filtered"). In
 * training these are the answers that the training part has; in the test, those of all parts.
 */
export const questions = (parts: {
  readonly train: readonly Triple[];
  readonly valid: readonly Triple[];
  readonly test: readonly Triple[];
}) => {
  const all = [...parts.train, ...parts.valid, ...parts.test];
  const { entities, relations } = namesIn(all);
  const [entity, relation] = [entities, relations].map(
    (names) => new Map(names.map((name, i) => [name, i])),
  ) as [Map<string, number>, Map<string, number>]; // one for each
  const asked = (triples: readonly Triple[]) => {
    const [heads, kinds, tails] = [
      triples.map(([head]) => entity.get(head) ?? -1),
      triples.map(([, kind]) => relation.get(kind) ?? -1),
      triples.map(([, , tail]) => entity.get(tail) ?? -1),
    ];
    return {
      head: [...heads, ...tails],
      relation: [...kinds, ...kinds.map((kind) => kind + relations.length)],
      tail: [...tails, ...heads],
    };
  };
  const questionOf = (head: number, kind: number) => head * 2 * relations.length + kind;
  const answersIn = (triples: readonly Triple[]): ReadonlyMap<number, ReadonlySet<number>> => {
    const { head, relation: kind, tail } = asked(triples);
    const answers = new Map<number, Set<number>>();
    for (const [i, h] of head.entries()) {
      const question = questionOf(h, kind[i] ?? 0);
      answers.set(question, (answers.get(question) ?? new Set()).add(tail[i] ?? 0));
    }
    return answers;
  };
  const [seen, known] = [answersIn(parts.train), answersIn(all)];
  const most = [...known.values()].reduce((n, { size }) => Math.max(n, size), 1) - 1;
  const rows = (triples: readonly Triple[], known: typeof seen): Dataset<Question> => {
    const { head, relation: kind, tail } = asked(triples);
    const columns = { head: tokens(head), relation: tokens(kind), tail: column(tail) };
    // Most of the other answers are padding, so they are listed when a batch asks for them.
    return dataset(columns).mapBatches<Question>((batch) => {
      const [heads, kinds, tails] = numbersOf(batch);
      const others = new Int32Array(heads.length * most).fill(-1);
      heads.forEach((head, i) => {
        const right = known.get(questionOf(head, kinds[i] ?? 0)) ?? new Set();
        others.set(
          [...right].filter((answer) => answer !== tails[i]),
          i * most,
        );
      });
      return { ...batch, others: fromTypedArray([heads.length, most], others) };
    });
  };
  return {
    train: rows(parts.train, seen),
    test: rows(parts.test, known),
    classes: entities,
    inputs: {
      head: named(entities),
      relation: named([...relations, ...relations.map((name) => `inverse_of_${name}`)]),
    },
  } satisfies Splits<Question>;
};

/**
 * A question with what the graph says about its head: the relations and the tails of other facts, in pairs. Where there are
 * no more, the numbers are those after the last relation and the last entity.
 */
export type Surrounded = Question & {
  readonly by: Tensor<readonly [number]>;
  readonly to: Tensor<readonly [number]>;
};

/**
 * Adds, to each question, at most `most` training facts about its head, evenly chosen among all of them. The fact that is asked
 * for is left out. Who asks a model names them: `by`, the relations, and `to`, the tails, as many and in the
 * same order; both are empty where nothing is known of the head.
 */
export const surrounded =
  (most: number) =>
  ({ train, test, inputs, ...others }: ReturnType<typeof questions>) => {
    const [none, nobody] = [inputs.relation, inputs.head].map((of) => of.vocabulary.size) as [
      number,
      number,
    ]; // one for each
    const facts = new Map<number, (readonly [relation: number, tail: number])[]>();
    const [heads, kinds, tails] = numbersOf(train.select("head", "relation", "tail").all());
    heads.forEach((head, i) => {
      const known = facts.get(head) ?? [];
      facts.set(head, known);
      known.push([kinds[i] ?? 0, tails[i] ?? 0]);
    });
    const near = (of: Dataset<Question>): Dataset<Surrounded> =>
      of.mapBatches<Surrounded>((batch) => {
        const [asked, kinds, answers] = numbersOf(batch);
        const by = new Int32Array(asked.length * most).fill(none);
        const to = new Int32Array(asked.length * most).fill(nobody);
        asked.forEach((head, row) => {
          const told = (facts.get(head) ?? []).filter(
            ([relation, tail]) => relation !== kinds[row] || tail !== answers[row],
          );
          const step = Math.max(1, told.length / most);
          const chosen = told.slice(0, most).map((_, i) => told[Math.floor(i * step)]);
          by.set(
            chosen.map((fact) => fact?.[0] ?? none),
            row * most,
          );
          to.set(
            chosen.map((fact) => fact?.[1] ?? nobody),
            row * most,
          );
        });
        const shape = [asked.length, most] as const;
        return { ...batch, by: fromTypedArray(shape, by), to: fromTypedArray(shape, to) };
      });
    const several = (of: FromText, padding: number, beside: string) =>
      fromText({ ...of, length: most, padding, longer: "refused", beside });
    return {
      ...{ train: near(train), test: near(test), ...others },
      inputs: {
        ...inputs,
        by: several(inputs.relation, none, "to"),
        to: several(inputs.head, nobody, "by"),
      },
    } satisfies Splits<Surrounded>;
  };

const commit = "f3c0eb286025410fa5b4c04696c918264163d0ca";

const graphFiles = (
  name: string,
  license: string,
  bytes: number,
  sha256: string,
  file = `${name}.tar.gz`,
) =>
  dataFiles({
    name,
    license,
    origin: "https://github.com/TimDettmers/ConvE",
    files: [
      {
        path: `${name}.tar.gz`,
        address: `https://raw.githubusercontent.com/TimDettmers/ConvE/${commit}/${file}`,
        bytes,
        sha256,
      },
    ],
    packed: { file: `${name}.tar.gz`, as: "file" },
  });

/** The archives of the knowledge graphs, as the repository of ConvE has them. */
export const graphs = {
  umls: graphFiles(
    "umls",
    "UMLS semantic network, free to use with attribution; the repository: MIT",
    35_648,
    "26223aa91f0ec8db2324e0f489b9a4425e04d1d0df72ce5cfd62af4b91aee6fd",
  ),
  kinship: graphFiles(
    "kinship",
    "public for research (Denham 1973); the repository: MIT",
    42_703,
    "a3cb9ca67213eb38133aebc12901195e283d844ebd59f1a6cbf2d4fa12ced4e6",
  ),
  wn18rr: graphFiles(
    "wn18rr",
    "WordNet 3.0; the repository: MIT",
    892_861,
    "1eb9152f804c140d163462c0d49f65e5a0b30ab5fbb375c5e3353c11a6249060",
    "WN18RR.tar.gz",
  ),
};

/** The parts of a graph: those of its publication. */
const parts = ["train", "valid", "test"] as const;

/**
 * A knowledge graph as questions: `umls`, 135 kinds of medical things with 46 relations, `kinship`, 104 people of the
 * Alyawarra with 25 kinds of kin, or `wn18rr`, 40,943 meanings of words with 11 relations.
 *
 * **Source** Kok and Domingos, "Statistical predicate invention" (2007), in the split of Dettmers et al. (2018),
 * arXiv:1707.01476.
 */
export const graphQuestions = Effect.fnUntraced(function* (name: keyof typeof graphs) {
  const file = join(yield* dataFolder(graphs[name]), `${name}.tar.gz`);
  const texts = yield* readTar(file, { entries: 10, bytes: 2 ** 24 });
  const [train, valid, test] = yield* Effect.forEach(parts, (part) => {
    const bytes = texts.get(`${part}.txt`);
    return bytes === undefined
      ? Effect.fail(new DataSourceError({ source: file, reason: `it has no ${part}.txt` }))
      : Effect.succeed(parseTriples(new TextDecoder().decode(bytes)));
  });
  return questions({ train: train ?? [], valid: valid ?? [], test: test ?? [] });
});
