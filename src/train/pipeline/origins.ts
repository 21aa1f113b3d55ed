import type { TrainEvent } from "../events/event.ts";

/** A pipeline, by what it begins from. */
type Begun = { readonly name: string; readonly origin: Begun | undefined };

const originsOf = ({ origin }: Begun): readonly string[] =>
  origin === undefined ? [] : [origin.name, ...originsOf(origin)];

/**
 * Tells whether an event is one of what a run begins from (`withInitialState`), whose events come before its own. It is asked of
 * the events of one run, in their order.
 */
export const fromOrigin = (of: Begun): ((event: TrainEvent) => boolean) => {
  const names = originsOf(of).filter((name) => name !== of.name);
  let before = false;
  return (event) => {
    if (event._tag === "Started") before = names.includes(event.pipeline);
    return before;
  };
};
