import * as Effect from "effect/Effect";
import {
  EmptyDataset,
  RowMismatch,
  StreamFailed,
  StreamOverflow,
  type StreamPlace,
} from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Row } from "../dataset.ts";
import type { SourceError } from "./epochs.ts";
import { messageOf, placeOf } from "./feed.ts";
import { type Pull, pullOf } from "./pull.ts";
import type { Opening, Streamed } from "./source.ts";

/** Checks that an item is a record of at least one tensor. */
const checkedRow = (item: unknown, place: StreamPlace): Effect.Effect<Row, RowMismatch> => {
  const columns = typeof item === "object" && item !== null ? Object.entries(item) : [];
  const wrong = columns.find(([, value]) => !(value instanceof Tensor));
  if (columns.length > 0 && wrong === undefined) return Effect.succeed(item as Row);
  const [column, value] = wrong ?? ["", item];
  const expected = wrong === undefined ? "a record of tensors" : "a tensor";
  return Effect.fail(new RowMismatch({ ...place, column, expected, actual: String(value) }));
};

/** Reads the first item of a stream, which is opened for that and closed again. */
export const firstItem = (
  stream: Streamed,
  opening: Omit<Opening, "signal">,
): Effect.Effect<Row, SourceError> =>
  Effect.suspend(() => {
    const aborter = new AbortController();
    let pull: Pull<Row> | undefined;
    let isPending = false;
    const place = (): StreamPlace => placeOf(stream, opening.epoch, 0, pull?.file());
    const failed = (cause: unknown) =>
      cause instanceof StreamOverflow
        ? cause
        : new StreamFailed({ ...place(), reason: messageOf(cause), cause });
    const open = Effect.try({
      try: () => {
        // A stream of batches yields records of tensors, as one of rows does.
        const items = stream.open({ ...opening, signal: aborter.signal }) as Pull<Row>;
        pull = pullOf<Row>(items, 0, stream.waiting, place);
        return pull;
      },
      catch: failed,
    });
    const ask = (of: Pull<Row>) =>
      Effect.tryPromise({
        try: async () => {
          isPending = true;
          const item = await of.next();
          isPending = false;
          return item;
        },
        catch: failed,
      });
    const close = (of: Pull<Row>) =>
      Effect.promise(async () => {
        aborter.abort();
        try {
          const closed = Promise.resolve(of.close()).catch(() => {});
          // A stream that does not answer would not be closed either.
          if (!isPending) await closed;
        } catch {
          // Nothing more is read of it.
        }
      });
    return Effect.acquireUseRelease(
      open,
      (of) =>
        Effect.flatMap(ask(of), (item): Effect.Effect<Row, SourceError> => {
          if (item.done !== true) return checkedRow(item.value, place());
          return Effect.fail(new EmptyDataset({ where: `the stream "${stream.name}"` }));
        }),
      close,
    );
  });
