import * as fc from "fast-check";
import { type Either, isLeft, left, right } from "fp-ts/lib/Either.js";
import { failure } from "../src/errors/failure.ts";

/**
 * A law as a value: a property that must hold for every subject of its kind, independent of any test runner.
 *
 * A law turns a subject into a property of generated samples; {@link check} searches for a sample that breaks it, and
 * shrinks it.
 */
export interface Law<in S> {
  readonly name: string;
  /** The law, as a formula. */
  readonly says: string;
  readonly trial: (subject: S) => Trial<unknown>;
}

/** The trial of one subject: the samples, and a function that returns how a sample breaks the law, or `undefined`. */
export interface Trial<A> {
  readonly given: fc.Arbitrary<A>;
  // Declared as a method, so that a trial whose sample type is forgotten (`unknown`) still takes its own samples.
  breach(sample: A): string | undefined;
}

/** Makes a law from its trial. Work that does not depend on the sample belongs outside `breach`, where it runs once. */
export const law = <S, A>(name: string, says: string, trial: (subject: S) => Trial<A>): Law<S> => ({
  name,
  says,
  trial,
});

/** A family of subjects, such as random functions; each sample draws one of them. */
export interface Family<S> {
  readonly name: string;
  readonly members: fc.Arbitrary<S>;
  readonly show: (member: S) => string;
}

/** Lifts a law to a family: it must hold for every member. */
export const across = <S>({ name, says, trial }: Law<S>): Law<Family<S>> => ({
  name,
  says,
  trial: ({ members, show }) => ({
    given: members.chain((member) => {
      const { given, breach } = trial(member);
      return given.map((sample) => new Drawn(() => show(member), sample, breach));
    }),
    breach: (drawn: Drawn) => drawn.breach(drawn.sample),
  }),
});

/** A member of a family with a sample for it. It prints as both. */
class Drawn {
  readonly member: () => string;
  readonly sample: unknown;
  readonly breach: (sample: unknown) => string | undefined;

  constructor(member: () => string, sample: unknown, breach: Drawn["breach"]) {
    this.member = member;
    this.sample = sample;
    this.breach = breach;
  }

  toString(): string {
    return `${fc.stringify(this.sample)} in\n${this.member()}`;
  }
}

class Breach extends Error {}

const propertyOf = ({ given, breach }: Trial<unknown>) =>
  fc.property(given, (sample) => {
    const reason = breach(sample);
    if (reason !== undefined) throw new Breach(reason);
  });

/** The result of a law that held: the number of samples, and the seed. */
export interface Held {
  readonly law: string;
  readonly subject: string;
  readonly runs: number;
  readonly seed: number;
}

/** The failure of a law: the simplest sample that breaks it, with the seed and path that run it again. */
export class LawBroken extends failure(
  "LawBroken",
  (e: {
    readonly law: string;
    readonly says: string;
    readonly subject: string;
    readonly reason: string;
    readonly counterexample: string;
    readonly seed: number;
    readonly path: string;
  }) => ({
    what: [
      `${e.subject} breaks the law "${e.law}": ${e.says}`,
      e.reason,
      `for ${e.counterexample}`,
    ].join("\n"),
    fix: `see it again with check(law, subject, { seed: ${e.seed}, path: "${e.path}" })`,
  }),
) {}

export interface CheckOptions {
  /** The number of samples that must pass. Defaults to 20. */
  readonly runs?: number;
  /** The seed of the samples. Defaults to 1, so that a test gives the same result each time. */
  readonly seed?: number;
  /** The path of a counter-example: runs that sample and no other. */
  readonly path?: string;
  /** Whether a counter-example is made as simple as possible, which takes more samples. Defaults to true. */
  readonly shrink?: boolean;
}

interface Named {
  readonly name: string;
}

/** The result of a run: how many samples held, or the simplest one that broke the law. */
const verdict = (
  { name, says }: Pick<Law<never>, "name" | "says">,
  subject: Named,
  details: fc.RunDetails<[sample: unknown]>,
): Either<LawBroken, Held> => {
  const { seed, counterexample, counterexamplePath, errorInstance } = details;
  if (!details.failed)
    return right({ law: name, subject: subject.name, runs: details.numRuns, seed });
  return left(
    new LawBroken({
      law: name,
      says,
      subject: subject.name,
      reason: errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      counterexample: fc.stringify(counterexample),
      seed,
      path: counterexamplePath ?? "",
    }),
  );
};

const parametersOf = ({ runs = 20, seed = 1, path = "", shrink = true }: CheckOptions) => ({
  numRuns: runs,
  seed,
  path,
  endOnFailure: !shrink,
});

/** A subject, and the subjects of its kind that it is made of, as a layer is of layers. */
export interface Composed<S> extends Named {
  readonly parts?: () => readonly (S & Composed<S>)[];
}

/** The failure of the smallest part that breaks a law by itself, or else of the whole. */
const blamed = <S>(
  given: Law<S>,
  whole: S & Composed<S>,
  broken: LawBroken,
  options: CheckOptions,
): LawBroken => {
  for (const part of whole.parts?.() ?? []) {
    const made = check(given, part, { ...options, path: "" });
    if (isLeft(made))
      return new LawBroken({ ...made.left, subject: `${made.left.subject} in ${whole.name}` });
  }
  return broken;
};

/**
 * Checks a law on a subject. Returns the number of samples that held, or the simplest that did not. If the subject has
 * parts, a failure is that of the smallest part that breaks the law by itself.
 *
 * **Fails with** `LawBroken`, on the left.
 */
export const check = <S>(
  given: Law<S>,
  subject: S & Composed<S>,
  options: CheckOptions = {},
): Either<LawBroken, Held> => {
  const details = fc.check(propertyOf(given.trial(subject)), parametersOf(options));
  const made = verdict(given, subject, details);
  return isLeft(made) ? left(blamed(given, subject, made.left, options)) : made;
};

/** A law whose samples take time, such as training runs. */
export interface AsyncLaw<in S> {
  readonly name: string;
  readonly says: string;
  readonly trial: (subject: S) => AsyncTrial<unknown>;
}

/** A {@link Trial} of an asynchronous law. */
export interface AsyncTrial<A> {
  readonly given: fc.Arbitrary<A>;
  breach(sample: A): Promise<string | undefined>;
}

/** {@link check} for a law whose samples take time. */
export const checkAsync = async <S>(
  given: AsyncLaw<S>,
  subject: S & Named,
  options: CheckOptions = {},
): Promise<Either<LawBroken, Held>> => {
  const { given: samples, breach } = given.trial(subject);
  const property = fc.asyncProperty(samples, async (sample) => {
    const reason = await breach(sample);
    if (reason !== undefined) throw new Breach(reason);
  });
  return verdict(given, subject, await fc.check(property, parametersOf(options)));
};

/** Checks several laws of one subject, and throws the first `LawBroken`: for use in any test runner. */
export const mustHold = <S>(
  laws: readonly Law<S>[],
  subject: S & Composed<S>,
  options?: CheckOptions,
): readonly Held[] =>
  laws.map((each) => {
    const verdict = check(each, subject, options);
    if (isLeft(verdict)) throw verdict.left;
    return verdict.right;
  });
