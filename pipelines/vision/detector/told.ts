import * as Effect from "effect/Effect";
import { defer, from, mergeMap, type Observable } from "rxjs";
import type { Dataset, Pipeline, Row, Tensor, TrainEvent } from "../../../src/index.ts";
import { answersEvery, type TrainState } from "../../../src/train/index.ts";
import { boxesIn } from "../../baselines/boxes.ts";

/** How many boxes of each class there are, in words. */
const countsOf = (classes: readonly string[], kinds: readonly number[]): string =>
  classes
    .flatMap((name, i) => {
      const n = kinds.filter((kind) => kind === i).length;
      return n === 0 ? [] : [`${n} ${name}`];
    })
    .join(", ");

/** The first images of a part, each named after what is in it. */
const firstOf = (part: Dataset<Row>, classes: readonly string[], count: number) =>
  Object.fromEntries(
    Array.from({ length: Math.min(count, part.size) }, (_, i) => {
      const { image, boxes } = part.row(i) as { readonly [column in "image" | "boxes"]: Tensor }; // as bloodCells has them
      const kinds = boxesIn(boxes.toArray() as number[][]).map((box) => box.class);
      return [`image ${i + 1} (${countsOf(classes, kinds)})`, { image }];
    }),
  );

/** After every tenth epoch, what is counted in the first three images of the validation, beside what is there. */
export const counted =
  (classes: readonly string[]) =>
  <C>(
    events$: Observable<TrainEvent<TrainState<C>>>,
    of: Pipeline<C, unknown>,
  ): Observable<TrainEvent<TrainState<C>>> =>
    defer(() => from(Effect.runPromise(Effect.option(of.source)))).pipe(
      mergeMap((source) => {
        const part = source._tag === "Some" ? source.value.validation : undefined;
        return part !== undefined && "row" in part
          ? answersEvery<C>(firstOf(part, classes, 3), { every: 10 })(events$, of)
          : events$;
      }),
    );
