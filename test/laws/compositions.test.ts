import { describe, test } from "vitest";
import { mapping } from "../../laws/batching.ts";
import { compositions } from "../../laws/compositions.ts";
import { derivativeLaws } from "../../laws/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/higherOrder.ts";
import { across, mustHold } from "../../laws/law.ts";

describe("random compositions", () => {
  for (const law of [...derivativeLaws(), chainRule(), hessianSymmetry(), mapping()])
    test(law.name, () => {
      mustHold([across(law)], compositions, { runs: 300 });
    });
});
