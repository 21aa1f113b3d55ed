import * as Effect from "effect/Effect";
import type { Compared } from "../travel.ts";
import { byPath } from "./compare.ts";
import { segmentAt, settingsOf } from "./history.ts";
import { readEvents } from "./log.ts";
import { filesOf, historyIn } from "./run.ts";

/**
 * The run in a folder as `diff` compares it: its steps, and the settings that held when each was taken.
 *
 * **Fails with** `DataSourceError`, `DecodeError`.
 *
 * **Example**
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { comparedIn, diff } from "fluxion/train";
 * const parting = (a: string, b: string) =>
 *   Effect.map(Effect.all([comparedIn(a), comparedIn(b)]), ([left, right]) => diff(left, right));
 * parting.length // => 2
 * ```
 */
export const comparedIn = Effect.fnUntraced(function* (folder: string) {
  const history = yield* historyIn(folder);
  const events = yield* readEvents(filesOf(folder).events);
  return {
    steps: events.flatMap((event) => (event._tag === "StepCompleted" ? [event] : [])),
    pipeline: {},
    settingsAt: (step) => {
      const segment = segmentAt(history, step);
      if (segment === undefined) return {};
      const { program, data } = segment.origin;
      return { ...byPath(settingsOf(segment.config)), program, data };
    },
  } satisfies Compared;
});
