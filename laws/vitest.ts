import { isLeft } from "fp-ts/lib/Either.js";
import { describe, TestRunner, test } from "vitest";
import {
  type AsyncLaw,
  type CheckOptions,
  checkAsync,
  type Held,
  type Law,
  mustHold,
} from "./law.ts";

declare module "vitest" {
  interface TaskMeta {
    /** The laws that held in this test. */
    laws?: readonly Held[];
  }
}

/** Stores the laws that held with the current test, where reporters find them. */
const noted = (held: readonly Held[]): readonly Held[] => {
  const running = TestRunner.getCurrentTest();
  if (running !== undefined) running.meta.laws = [...(running.meta.laws ?? []), ...held];
  return held;
};

/** {@link mustHold}, which also stores the laws with the test that calls it. */
export const mustHoldHere = <S>(
  laws: readonly Law<S>[],
  subject: S & { readonly name: string },
  options?: CheckOptions,
): readonly Held[] => noted(mustHold(laws, subject, options));

/** {@link mustHoldHere} for a law whose samples take time. Rejects with the `LawBroken`. */
export const mustHoldInTime = async <S>(
  law: AsyncLaw<S>,
  subject: S & { readonly name: string },
  options?: CheckOptions,
): Promise<readonly Held[]> => {
  const verdict = await checkAsync(law, subject, options);
  if (isLeft(verdict)) throw verdict.left;
  return noted([verdict.right]);
};

/**
 * Registers a vitest test for each law of each subject.
 *
 * @example
 * ```ts no-run
 * import { derivativeLaws, functionFrom } from "fluxion/laws";
 * import { holds } from "fluxion/laws/vitest";
 * import { type Expr } from "fluxion";
 * import { sigmoid } from "fluxion/functional";
 * import { mul } from "fluxion/ops";
 *
 * const swish = (x: Expr) => mul(x, sigmoid(x));
 * holds(derivativeLaws(), [functionFrom(swish, [[3]])]);
 * ```
 */
export const holds = <S extends { readonly name: string }>(
  laws: readonly Law<S>[],
  subjects: readonly S[],
  options?: CheckOptions,
): void => {
  describe.each(subjects)("$name", (subject) => {
    for (const law of laws)
      test(law.name, () => {
        mustHoldHere([law], subject, options);
      });
  });
};
