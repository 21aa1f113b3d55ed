import { describe, test } from "vitest";
import { type CheckOptions, type Law, mustHold } from "./law.ts";

/**
 * Registers a vitest test for each law of each subject.
 *
 * @example
 * ```ts no-run
 * import { derivativeLaws, functionFrom } from "fluxion/laws";
 * import { holds } from "fluxion/laws/vitest";
 * import { type Expr, logistic, mul } from "fluxion";
 *
 * const swish = (x: Expr) => mul(x, logistic(x));
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
        mustHold([law], subject, options);
      });
  });
};
