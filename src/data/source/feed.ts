import { isFluxionError } from "../../errors/failure.ts";
import {
  EmptyDataset,
  StreamEnded,
  StreamFailed,
  StreamOverflow,
  type StreamPlace,
} from "../../errors.ts";
import type { Row } from "../dataset.ts";
import type { Admit } from "./admit.ts";
import type { SourceError } from "./epochs.ts";
import type { Chunk, Inbox } from "./inbox.ts";
import { isLater, type Pull, pullOf } from "./pull.ts";
import type { Opening, Streamed } from "./source.ts";
import { soon, turn } from "./turns.ts";

/** The options of reading one epoch of a stream. */
export interface FeedOptions {
  readonly stream: Streamed;
  readonly opening: Omit<Opening, "signal">;
  readonly admit: Admit;
  readonly inbox: Inbox;
  /** Reading pauses when the inbox has this many rows. */
  readonly bound: number;
  /** Whether rows are needed now. A generator answers at once, so it is read only then. */
  readonly isNeeded: () => boolean;
  /** Called after rows arrived, or the stream ended or failed. */
  readonly arrived: () => void;
}

/** Reads the rows of one epoch into an inbox: never more rows than fit, and one request at a time. */
export interface Feed {
  /** Asks for rows if there is room for them. */
  readonly advance: () => void;
  /** Whether every row of the epoch is in the inbox. */
  readonly ended: () => boolean;
  readonly failure: () => SourceError | undefined;
  /** Stops reading with an error. */
  readonly fail: (error: SourceError) => void;
  /** Whether a generator was paused to let other tasks run, and can be read again. */
  readonly paused: () => boolean;
  /** The row at which reading started. */
  readonly start: number;
  readonly place: () => StreamPlace;
  /** Stops reading and releases the stream. */
  readonly close: () => Promise<void>;
}

export const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

/** The place of a row of an epoch: its number in its file if it comes from one, else its number in the epoch. */
export const placeOf = (
  { name: stream }: Streamed,
  epoch: number,
  row: number,
  file: ReturnType<Pull<Row>["file"]>,
): StreamPlace =>
  file === undefined
    ? { stream, epoch: epoch + 1, row }
    : { stream, epoch: epoch + 1, row: row - file.start, file: file.name };

export const feedOf = ({
  stream,
  opening,
  admit,
  inbox,
  bound,
  isNeeded,
  arrived,
}: FeedOptions): Feed => {
  const aborter = new AbortController();
  let pull: Pull<Row> | undefined;
  let [ended, isPending, isPaused, isPrompt] = [false, false, false, false];
  let failure: SourceError | undefined;
  let rows = 0;
  let turnEnd = performance.now() + turn;

  const place = (): StreamPlace => placeOf(stream, opening.epoch, rows, pull?.file());
  const isOver = (): boolean => ended || failure !== undefined;

  /** Releases the stream's resources. Waits for that, unless a request is pending. */
  const release = async (): Promise<void> => {
    const open = pull;
    pull = undefined;
    aborter.abort();
    try {
      const closed = open?.close();
      const settled = Promise.resolve(closed).catch(() => {});
      if (!isPending) await settled;
    } catch {
      // An error while closing affects no rows.
    }
  };
  const fail = (error: SourceError): void => {
    failure ??= error;
    void release();
  };
  const threw = (cause: unknown): void =>
    fail(
      cause instanceof StreamOverflow
        ? cause
        : new StreamFailed({ ...place(), reason: messageOf(cause), cause }),
    );

  const { rows: wanted } = stream;
  const receive = (item: Row): void => {
    const chunk = admit(item, place());
    if (isFluxionError(chunk)) {
      fail(chunk);
      return;
    }
    const some = Math.min(chunk.rows, (wanted ?? Number.POSITIVE_INFINITY) - rows);
    rows += some;
    if (some > 0) inbox.push({ ...chunk, rows: some } satisfies Chunk);
    if (rows !== wanted) return;
    ended = true;
    void release();
  };
  const finish = (): void => {
    if (wanted !== undefined && rows < wanted)
      fail(new StreamEnded({ ...place(), row: rows, expected: wanted, by: "rows" }));
    else if (rows === 0) fail(new EmptyDataset({ where: `the stream "${stream.name}"` }));
    else ended = true;
    pull = undefined;
  };
  const take = (result: IteratorResult<Row, unknown>): void => {
    if (result.done === true) finish();
    else receive(result.value);
  };

  try {
    // A stream of batches yields records of tensors, as one of rows does.
    const from = stream.seekable ? opening.from : 0;
    const items = stream.open({ ...opening, from, signal: aborter.signal }) as Pull<Row>;
    pull = pullOf<Row>(items, from, stream.waiting, place);
    rows = pull.start;
    ended = rows === stream.rows;
  } catch (cause) {
    threw(cause);
  }

  const ask = (open: Pull<Row>): void => {
    try {
      const pulled = open.next();
      isPrompt = !isLater(pulled);
      if (!isLater(pulled)) {
        take(pulled);
        return;
      }
      isPending = true;
      const answered = (done: () => void) => {
        isPending = false;
        // Closed meanwhile: nobody waits for it.
        if (pull === undefined) return;
        done();
        arrived();
        // Answers that come at once follow one another without an end, and others wait.
        if (performance.now() < turnEnd) advance();
        else
          soon(() => {
            turnEnd = performance.now() + turn;
            advance();
          });
      };
      pulled.then(
        (result) => answered(() => take(result)),
        (cause: unknown) => answered(() => threw(cause)),
      );
    } catch (cause) {
      threw(cause);
    }
  };

  const advance = (): void => {
    isPaused = false;
    const until = performance.now() + turn;
    while (pull !== undefined && !isPending && !isOver() && inbox.rows < bound) {
      if (isPrompt && !isNeeded()) return;
      ask(pull);
      if (isPrompt) arrived();
      if (performance.now() >= until) {
        isPaused = isPrompt;
        if (isPaused) return;
      }
    }
  };

  return {
    start: rows,
    advance,
    ended: () => ended,
    failure: () => failure,
    fail,
    paused: () => isPaused,
    place,
    close: release,
  };
};
