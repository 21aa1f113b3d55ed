import type { EventJson } from "./codec.ts";

/**
 * The events of each pipeline that a run trained, the run's own last: those that it began from come before it, with steps of
 * their own. A run that is resumed goes on with the same pipeline.
 */
export const pipelinesIn = (
  events: readonly EventJson[],
): readonly (readonly [name: string | undefined, events: readonly EventJson[]])[] => {
  const parts: [string | undefined, EventJson[]][] = [];
  for (const event of events) {
    const name = event._tag === "Started" ? event.pipeline : parts.at(-1)?.[0];
    const last = parts.at(-1);
    if (last === undefined || last[0] !== name) parts.push([name, [event]]);
    else last[1].push(event);
  }
  return parts;
};
