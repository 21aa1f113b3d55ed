import { describe, test } from "vitest";
import { mapping } from "../../laws/derivatives/batching.ts";
import { compositions } from "../../laws/derivatives/compositions.ts";
import { derivativeLaws } from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import { across } from "../../laws/law.ts";
import { mustHoldHere } from "../../laws/vitest.ts";

describe("random compositions", () => {
  for (const law of [...derivativeLaws(), chainRule(), hessianSymmetry(), mapping()])
    test(law.name, () => {
      mustHoldHere([across(law)], compositions, { runs: 300 });
    });
});
