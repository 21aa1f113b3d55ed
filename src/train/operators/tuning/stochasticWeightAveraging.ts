import type { MonoTypeOperatorFunction } from "rxjs";
import { allocate, isFloat, store } from "../../../tensor/dtype.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { whole } from "../../../tensor/validate.ts";
import { map, type Tree, zip } from "../../../tree.ts";
import type { TrainEvent } from "../../events/event.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { Memory } from "../../state/memory.ts";
import type { TrainState } from "../../state/state.ts";
import { folded } from "../fold.ts";

/** The options of {@link stochasticWeightAveraging}. */
export interface WeightAveraging {
  /** The first epoch whose params count. Defaults to 1. */
  readonly from?: number;
  /** The name under which the mean is saved with the run. Defaults to `stochasticWeightAveraging`. */
  readonly name?: string;
}

/** The mean of the params after some epochs, in f64. */
type Mean = { readonly epochs: number; readonly params: Memory | undefined };

const isMean = (memory: Memory): memory is Mean =>
  typeof memory === "object" && typeof (memory as Partial<Mean>).epochs === "number";

/** `f` of each element, in f64. */
const elementwise = (x: Tensor, f: (value: number, i: number) => number): Tensor =>
  Tensor.own(x.shape, "f64", Float64Array.from(Tensor.read(x), f));

/** The elements of a mean as the dtype of the params stores them. What is no float has no mean. */
const asStored = (last: Tensor, mean: Tensor): Tensor => {
  if (!isFloat(last.dtype)) return last;
  const data = allocate(last.dtype, last.size);
  Tensor.read(mean).forEach((value, i) => {
    data[i] = store(last.dtype, value);
  });
  return Tensor.own(last.shape, last.dtype, data);
};

/**
 * Ends a run with the mean of the params after its epochs, from the epoch `from` on, and evaluates that on the test
 * examples. Training goes on from the params themselves; layer state, such as the moments of a batch norm, is that of the
 * last epoch. `averaged` of `fluxion/learn` averages over steps instead.
 *
 * From epoch 3 on, with `m` for the end with the mean of epochs 3 and 4:
 *
 * ```text
 * run     s-1-2-3-4-c|
 * events  s-1-2-3-4-m|
 * ```
 *
 * The mean is saved with the states of the epochs, so that `resume$` continues as if the run had never stopped. Place
 * `saveCheckpoints` after it.
 *
 * **Fails with** `InvalidArgument`, thrown, where `from` is not a whole number above 0; `StructureMismatch` where the mean that
 * a state holds is one of other params; and as {@link folded}.
 * **Math** `m' = m + (p - m) / n` after the `n`-th epoch that counts.
 * **Source** Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, "Averaging weights leads to wider optima and better
 * generalization" (2018), arXiv:1803.05407.
 */
export const stochasticWeightAveraging = <C, E>(
  { learner: { trained } }: Pipeline<C, E>,
  { from = 1, name = "stochasticWeightAveraging" }: WeightAveraging = {},
): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  whole(1)("stochasticWeightAveraging", { from });
  // Params are trees of tensors: `init` makes nothing else.
  const paramsOf = ({ carried }: TrainState) => trained.get(carried).params as Tree<Tensor>;

  const after = ({ epochs, params }: Mean, state: TrainState): Mean => {
    const now = paramsOf(state);
    const n = epochs + 1;
    if (params === undefined)
      return { epochs: n, params: map((p) => elementwise(p as Tensor, (x) => x), now) as Memory };
    const moved = (m: Tensor, p: Tensor): Tensor => {
      const data = Tensor.read(p);
      return elementwise(m, (mean, i) => mean + ((data[i] as number) - mean) / n);
    };
    return {
      epochs: n,
      params: zip((m, p) => moved(m as Tensor, p as Tensor), params, now) as Memory,
    };
  };

  const ending = (mean: Mean, { carried, memory, ...state }: TrainState): TrainState => {
    const now = trained.get(carried);
    const params = zip((p, m) => asStored(p as Tensor, m as Tensor), now.params, mean.params);
    return {
      ...state,
      carried: trained.set(carried, { ...now, params }),
      memory: { ...memory, [name]: mean },
    };
  };

  return folded<Mean, C>({
    name,
    init: { epochs: 0, params: undefined },
    is: isMean,
    step: (mean, event) => {
      switch (event._tag) {
        case "EpochCompleted":
          return [event.epoch < from ? mean : after(mean, event.state), [event]];
        case "Validated":
          // This evaluation is of the last state, but the run ends with another.
          return [mean, event.on === "test" && mean.epochs > 0 ? [] : [event]];
        case "Completed":
          return [
            mean,
            [
              mean.epochs === 0
                ? event
                : { ...event, test: undefined, state: ending(mean, event.state) },
            ],
          ];
        default:
          return [mean, [event]];
      }
    },
  });
};
