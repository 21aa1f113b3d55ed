import * as Effect from "effect/Effect";
import { defer, from, mergeMap, type Observable } from "rxjs";
import type { Dataset, Pipeline, Row, Tensor, TrainEvent } from "../../../src/index.ts";
import { answersEvery, type TrainState } from "../../../src/train/index.ts";

/** Rows to ask about, by a name that says what is right. */
type Asked = { readonly [name: string]: { readonly [column: string]: Tensor } };

/**
 * After every `every` epochs, what the model answers to some rows that are held out: of the validation, or else of the test. The
 * data is loaded for it once more, unless it is cached.
 */
export const answersHeldOut =
  (asked: (part: Dataset<Row>, classes: readonly string[]) => Asked, every: number) =>
  <C>(
    events$: Observable<TrainEvent<TrainState<C>>>,
    of: Pipeline<C, unknown>,
  ): Observable<TrainEvent<TrainState<C>>> =>
    defer(() => from(Effect.runPromise(Effect.option(of.source)))).pipe(
      mergeMap((source) => {
        // Data that cannot be loaded is an error of the run itself.
        if (source._tag === "None") return events$;
        const { validation, test, classes = [] } = source.value;
        const part = validation ?? test;
        return part !== undefined && "row" in part
          ? answersEvery<C>(asked(part, classes), { every })(events$, of)
          : events$;
      }),
    );
