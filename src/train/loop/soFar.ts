import type { Scoring, SomeMetric, Summaries } from "../../learn/scoring.ts";
import { tensor } from "../../tensor/constructors.ts";
import { type Nested, Tensor } from "../../tensor/tensor.ts";
import type { Memories, Memory } from "../state/memory.ts";

/** The name under which a state in the middle of an epoch holds the summaries of the epoch's steps until then. */
const name = "epoch so far";

type Fields<A> = { readonly [field: string]: A };

const isFields = (memory: Memory | undefined): memory is Fields<Memory> =>
  typeof memory === "object" && !Array.isArray(memory) && !(memory instanceof Tensor);

const saved = (value: Nested): Memory =>
  // The arrays of a summary come from tensors, or from sums of such.
  typeof value === "number" ? value : tensor(value as readonly number[], "f64");

const read = (value: Memory): Nested =>
  value instanceof Tensor ? value.toArray() : typeof value === "number" ? value : Number.NaN;

/** What is remembered of an epoch in its middle: the summaries of its steps so far, by metric. */
export const soFar = (metrics: readonly SomeMetric[], summaries: Summaries): Memories => ({
  [name]: Object.fromEntries(
    metrics.map((metric, i) => [
      metric.name,
      // A summary is a record of nested numbers; see `Summary`.
      Object.fromEntries(
        Object.entries(summaries[i] as Fields<Nested>).map(([field, of]) => [field, saved(of)]),
      ),
    ]),
  ),
});

/** The part of what a run remembers that {@link soFar} wrote. */
export const onlySoFar = ({ [name]: memory }: Memories): Memories =>
  memory === undefined ? {} : { [name]: memory };

/**
 * The summaries that {@link soFar} saved. A metric that the earlier run did not have, or not with these fields, begins
 * anew: it then covers the rest of the epoch.
 */
export const recalled = (
  metrics: readonly SomeMetric[],
  { empty }: Scoring,
  { [name]: memory }: Memories,
): Summaries =>
  metrics.map((metric, i) => {
    const held = isFields(memory) ? memory[metric.name] : undefined;
    if (!isFields(held)) return empty[i];
    const fields = Object.keys(empty[i] as Fields<Nested>);
    return Object.keys(held).join() === fields.join()
      ? Object.fromEntries(fields.map((field) => [field, read(held[field] as Memory)]))
      : empty[i];
  });
