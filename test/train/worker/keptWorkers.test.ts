import { filter, firstValueFrom, take, timeout } from "rxjs";
import { expect, it } from "vitest";
import { train$ } from "../../../src/index.ts";
import { keptWorkers } from "../../../src/train/index.ts";
import { line } from "../../search/line.ts";
import { bitsOf, collect, lastOf } from "../examples.ts";

const module = new URL("../../search/trials.ts", import.meta.url);

it("trains one run after the other on a worker, also after one that was given up or hung", async () => {
  const kept = keptWorkers(module, { threads: 1, patience: 0.2 });
  try {
    const want = bitsOf(
      lastOf(await collect(train$(line({ learningRate: 0.1 }))), "Completed").state,
    );
    const again = async () => {
      const events = await collect(kept.train({ learningRate: 0.1 }));
      expect(bitsOf(lastOf(events, "Completed").state)).toEqual(want);
    };
    await again();
    const epochs$ = kept
      .train({ learningRate: 0.2 })
      .pipe(filter(({ _tag }) => _tag === "EpochCompleted"));
    await firstValueFrom(epochs$.pipe(take(1)));
    await again();
    const hung$ = kept.train({ fate: "hangs" }).pipe(timeout({ each: 100 }));
    await expect(firstValueFrom(hung$)).rejects.toMatchObject({ name: "TimeoutError" });
    await again();
  } finally {
    kept.end();
  }
}, 60_000);

it("leaves out the events of steps on request, and says the others", async () => {
  const [all, some] = [{}, { steps: false }].map((options) =>
    keptWorkers(module, { threads: 1, ...options }),
  );
  try {
    const told = await Promise.all(
      [all, some].map((kept) =>
        collect(kept?.train({ learningRate: 0.1 }) ?? expect.unreachable()),
      ),
    );
    const tags = told.map((events) => events.map(({ _tag }) => _tag));
    expect(tags[0]).toContain("StepCompleted");
    expect(tags[1]).toEqual(tags[0]?.filter((tag) => tag !== "StepCompleted"));
  } finally {
    all?.end();
    some?.end();
  }
}, 60_000);
