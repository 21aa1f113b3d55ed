import { InvalidArgument } from "../../errors.ts";
import { foldIn, key, uniform } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { share, whole } from "../../tensor/validate.ts";

/** The parts of a table. */
export type Part = "train" | "validation" | "test";

/** The shares of the rows that are held out. */
export interface Shares {
  /** Defaults to 0. */
  readonly validation?: number;
  /** Defaults to 0. */
  readonly test?: number;
  /** The seed of the draws. Defaults to 0. */
  readonly seed?: number;
}

/** The number of rows whose draws are made at once. */
const block = 1024;

/**
 * Tells the part of each row, by a draw of its own: the same in every reading, and known without the number of rows. So
 * the shares are those of many rows, and about those of few.
 *
 * **Fails with** `InvalidArgument`, thrown, where a share is not from 0 to less than 1, or they leave nothing to train on.
 */
export const partsOf = (op: string, { validation = 0, test = 0, seed = 0 }: Shares) => {
  share(op, { validation, test });
  whole(0)(op, { seed });
  if (validation + test >= 1)
    throw new InvalidArgument({
      op,
      argument: "validation",
      expected: "shares that leave rows to train on",
      actual: `${validation} and ${test}`,
    });
  const own = key(seed);
  let [first, draws] = [-block, new Float32Array(0) as ArrayLike<number>];
  return (row: number): Part => {
    if (validation + test === 0) return "train";
    if (row < first || row >= first + block) {
      first = row - (row % block);
      draws = Tensor.read(uniform(foldIn(own, first / block), [block]));
    }
    const drawn = draws[row - first] as number;
    if (drawn < test) return "test";
    return drawn < test + validation ? "validation" : "train";
  };
};
