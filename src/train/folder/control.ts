import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { defer, filter, finalize, type MonoTypeOperatorFunction, Subject, tap } from "rxjs";
import { files } from "../../data/files.ts";
import { RunNotActive } from "../../errors.ts";
import { replaceFile, writeAll } from "../../io/replaceFile.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import { holderOfFolder } from "./lock.ts";

/**
 * What a run in a folder is told by other processes, while it is under way: a file in its folder, which the run takes
 * away when it has read it. A second file is there for as long as the run waits.
 */

/** A message to a run as JSON. */
export const toldCodec = t.readonly(
  t.strict({ tell: t.keyof({ pause: null, resume: null, stop: null }) }),
);

/** What a run can be told. */
export type Told = t.TypeOf<typeof toldCodec>["tell"];

const messageIn = (folder: string): string => `${folder}/control.json`;
const markerIn = (folder: string): string => `${folder}/paused`;

/**
 * Tells the run in a folder to wait, to go on, or to end with its state saved, whichever process trains it. It hears that
 * within a second, between two steps.
 *
 * **Fails with** `RunNotActive` where no process trains there; `FileNotWritten`.
 */
export const tellRun = Effect.fnUntraced(function* (folder: string, tell: Told) {
  if ((yield* holderOfFolder(folder)) === undefined) return yield* new RunNotActive({ folder });
  const text = `${JSON.stringify(toldCodec.encode({ tell }))}\n`;
  yield* replaceFile(messageIn(folder), (file) =>
    writeAll(file, new TextEncoder().encode(text), 0),
  );
});

/** Whether the run in a folder waits. */
export const isPaused = (folder: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    files()
      .lstat(markerIn(folder))
      .then(
        () => true,
        () => false,
      ),
  );

/** Milliseconds between two looks for a message. */
const every = 200;

const removed = (path: string): Promise<void> =>
  files()
    .rm(path, { force: true })
    .catch(() => {});

/** The message that is there, which is then there no more. */
const taken = async (folder: string): Promise<Told | undefined> => {
  const mine = `${messageIn(folder)}.taken`;
  try {
    // Renamed first: one that comes meanwhile is not lost.
    await files().rename(messageIn(folder), mine);
    const read = toldCodec.decode(
      JSON.parse(new TextDecoder().decode(await files().readFile(mine, {}))),
    );
    return read._tag === "Right" ? read.right.tell : undefined;
  } catch {
    return undefined;
  } finally {
    await removed(mine);
  }
};

/** What a run in a folder hears. */
export interface Hearing {
  /** Emits when the run is told to stop. */
  readonly stop$: ReturnType<Subject<Told>["asObservable"]>;
  /** Lets a run that waits go on. */
  readonly goOn: () => void;
  /** Lets a run wait when it is told so. */
  readonly pausing: <S>(
    run$: Parameters<MonoTypeOperatorFunction<TrainEvent<S>>>[0],
  ) => ReturnType<MonoTypeOperatorFunction<TrainEvent<S>>>;
}

/** Listens in a folder, which must be locked, until the scope closes. What an earlier run was told is forgotten. */
export const hearing = (folder: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        for (const path of [messageIn(folder), markerIn(folder)]) await removed(path);
        const told$ = new Subject<Told>();
        let timer: ReturnType<typeof setTimeout> | undefined;
        let open = true;
        const look = async (): Promise<void> => {
          const told = await taken(folder);
          if (!open) return;
          if (told !== undefined) told$.next(told);
          timer = setTimeout(look, every);
        };
        timer = setTimeout(look, every);
        return {
          told$,
          close: () => {
            open = false;
            clearTimeout(timer);
          },
        };
      }),
      ({ close }) => Effect.sync(close),
    ),
    ({ told$ }): Hearing => {
      let release: (() => void) | undefined;
      const goOn = (): void => {
        if (release === undefined) return;
        release();
        release = undefined;
        void removed(markerIn(folder));
      };
      const wait = (hold: Started["hold"]): void => {
        if (release !== undefined || hold === undefined) return;
        release = hold();
        // A marker that cannot be written is only not seen.
        files()
          .open(markerIn(folder), "a")
          .then((file) => file.close())
          .then(() => (release === undefined ? removed(markerIn(folder)) : undefined))
          .catch(() => {});
      };
      return {
        stop$: told$.pipe(filter((told) => told === "stop")),
        goOn,
        pausing: (run$) =>
          defer(() => {
            let hold: Started["hold"];
            const listening = told$.subscribe((told) => (told === "pause" ? wait(hold) : goOn()));
            return run$.pipe(
              tap((event) => {
                if (event._tag === "Started") hold = event.hold;
              }),
              finalize(() => {
                listening.unsubscribe();
                goOn();
              }),
            );
          }),
      };
    },
  );
