import { parseArgs } from "node:util";
import * as Layer from "effect/Layer";
import { lastValueFrom } from "rxjs";
import { Backend, ReverseMode, train$ } from "../../src/index.ts";
import { small } from "../train/examples.ts";

/**
 * `node test/fuzz/runs.ts --runs 300` trains repeatedly in one process, each time with its own backend, and prints the
 * handles and the memory: both must return to their first values. Every third run is unsubscribed halfway. The suite
 * has a short form of it (`test/backend/wasm/lifetimes.test.ts`).
 */
const { values } = parseArgs({ options: { runs: { type: "string", default: "300" } } });
const runs = Number(values.runs);

const handles = (): number => process.getActiveResourcesInfo().length;
const mebibytes = (): number => process.memoryUsage().rss / 2 ** 20;
const pause = (milliseconds: number) => new Promise((end) => setTimeout(end, milliseconds));

const once = async (i: number): Promise<void> => {
  const services = Layer.merge(
    Backend.layerWasmWith({ threads: 1 + (i % 2) }),
    ReverseMode.layerTape,
  );
  const events$ = train$(small, { services });
  if (i % 3 > 0) return void (await lastValueFrom(events$));
  const subscription = events$.subscribe();
  await pause(20);
  subscription.unsubscribe();
};

/** The handles and memory that remain after ended workers have had time to disappear. */
const left = async (most: number): Promise<number> => {
  for (let i = 0; i < 500 && handles() > most; i++) await pause(10);
  return handles();
};

await pause(1);
const before = handles();
let memory = 0;
for (let i = 0; i < runs; i++) {
  await once(i);
  if ((i + 1) % Math.ceil(runs / 6) === 0) {
    const now = await left(before);
    // The first runs compile the code that all share, and the heap settles.
    if (3 * (i + 1) <= runs) memory = mebibytes();
    console.log(`${i + 1} runs: ${now - before} handles left, ${mebibytes().toFixed(0)} MiB`);
  }
}
const [handlesLeft, grown] = [(await left(before)) - before, mebibytes() - memory];
console.log(
  `${runs} runs: ${handlesLeft} handles and ${grown.toFixed(0)} MiB more than after a third of them`,
);
process.exitCode = handlesLeft === 0 && grown < 64 ? 0 : 1;
