import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { finalize, type MonoTypeOperatorFunction, map, Observable, Subject } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Backend } from "../../../src/backend/index.ts";
import { scalar } from "../../../src/tensor/constructors.ts";
import { explainNonFinite } from "../../../src/train/diagnose/nonFinite.ts";
import type { TrainEvent } from "../../../src/train/events/event.ts";
import { afterEpochs } from "../../../src/train/operators/afterEpochs.ts";
import { awaiting } from "../../../src/train/operators/awaiting.ts";
import { conflating } from "../../../src/train/operators/conflating.ts";
import { earlyStopping } from "../../../src/train/operators/earlyStopping.ts";
import { folded } from "../../../src/train/operators/fold.ts";
import { newestAfter } from "../../../src/train/operators/newestAfter.ts";
import { printProgress } from "../../../src/train/operators/printProgress.ts";
import { sampleEvery } from "../../../src/train/operators/sampleEvery.ts";
import { saveCheckpoints } from "../../../src/train/operators/saveCheckpoints.ts";
import { statesEvery } from "../../../src/train/operators/statesEvery.ts";
import { stopAfter } from "../../../src/train/operators/stopAfter.ts";
import { stopWhen } from "../../../src/train/operators/stopWhen.ts";
import { small } from "../examples.ts";
import { at, type Event } from "./events.ts";
import { diagramOf, events, marbleOf, marbles, scheduler } from "./marbles.ts";

type Operator = MonoTypeOperatorFunction<Event>;

const inVirtualTime = () => scheduler((actual, expected) => expect(actual).toEqual(expected));

/** An operator does on a hot source what the diagram of its docstring says, and leaves the source when that says so. */
const drawn = (
  diagram: { readonly [line: string]: string },
  operator: Operator,
  values = events,
): void =>
  inVirtualTime().run(({ hot, expectObservable, expectSubscriptions }) => {
    const source$ = hot(diagram.run ?? "", values);
    expectObservable(source$.pipe(operator, map(marbleOf))).toBe(diagram.events ?? "", marbles);
    if (diagram.subscribed !== undefined)
      expectSubscriptions(source$.subscriptions).toBe(diagram.subscribed);
  });

/** Stops after epoch 2. */
const twice = folded<number, number>({
  name: "twice",
  init: 0,
  is: (memory): memory is number => typeof memory === "number",
  step: (epochs, event) => {
    if (event._tag !== "EpochCompleted") return [epochs, [event]];
    const { epoch, step, state } = event;
    const reason = "twice";
    return epochs === 0
      ? [1, [event]]
      : [2, [event, { _tag: "Stopped", epoch, step, reason, test: undefined, state }]];
  },
});

describe("the diagrams of docstrings", () => {
  it("folded", () => drawn(diagramOf("folded", "fold"), twice));

  it("earlyStopping", () =>
    drawn(diagramOf("earlyStopping"), earlyStopping({ monitor: "train.loss" })));

  it("printProgress", () => {
    const diagram = diagramOf("printProgress");
    const quiet = printProgress<NonNullable<unknown>>({ stream: { write: () => true } });
    drawn(diagram, quiet as Operator);
    inVirtualTime().run(({ hot, expectObservable }) => {
      const source$ = hot(diagram.run ?? "", events);
      const printed$ = new Observable<string>((subscriber) => {
        const write = (text: string) => subscriber.next(text.endsWith("\n") ? "l" : "b");
        const stream = { write, isTTY: true, columns: 80 };
        return source$.pipe(printProgress({ stream, every: 0 })).subscribe();
      });
      expectObservable(printed$).toBe(diagram.printed ?? "", marbles);
    });
  });

  it("statesEvery", () => drawn(diagramOf("statesEvery"), statesEvery({ steps: 2 })));

  it("stopAfter", () => {
    // The state in the diagram is that of the second step.
    const second = {
      ...events,
      r: { ...(events.r as Event), state: { ...at(0), step: 2 } } as Event,
    };
    drawn(diagramOf("stopAfter"), stopAfter({ steps: 2 }), second);
  });

  it("explainNonFinite", () => {
    inVirtualTime().run(({ hot, expectObservable }) => {
      const diagram = diagramOf("explainNonFinite", "../diagnose/nonFinite");
      const source$ = hot(diagram.run ?? "", events);
      expectObservable(source$.pipe(explainNonFinite(small as never), map(marbleOf))).toBe(
        diagram.events ?? "",
        marbles,
      );
    });
  });

  it.each([
    ["awaiting", awaiting],
    ["conflating", conflating],
  ] as const)("%s", (name, operator) => {
    const diagram = diagramOf(name);
    inVirtualTime().run(({ cold, hot, expectObservable }) => {
      const work$ = cold(diagram.w ?? "");
      const said$ = hot(diagram.run ?? "", events).pipe(operator(() => work$));
      expectObservable(said$.pipe(map(marbleOf))).toBe(diagram.events ?? "", marbles);
    });
  });

  it("stopWhen", () => {
    const diagram = diagramOf("stopWhen");
    inVirtualTime().run(({ hot, expectObservable, expectSubscriptions }) => {
      const source$ = hot(diagram.run ?? "", events);
      const stop$ = hot(diagram.stop ?? "");
      const said$ = source$.pipe(stopWhen(stop$), map(marbleOf));
      expectObservable(said$).toBe(diagram.events ?? "", marbles);
      expectSubscriptions(source$.subscriptions).toBe(diagram.subscribed ?? "");
    });
  });

  it("afterEpochs", () => {
    const diagram = diagramOf("afterEpochs");
    inVirtualTime().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const after = [diagram["after 1"], diagram["after 2"]].map((more) =>
        cold(more ?? "", events),
      );
      const source$ = hot(diagram.run ?? "", events);
      const said$ = source$.pipe(afterEpochs(1, ({ epoch }) => after[epoch - 1] ?? cold("|")));
      expectObservable(said$.pipe(map(marbleOf))).toBe(diagram.events ?? "", marbles);
      expectSubscriptions(source$.subscriptions).toBe(diagram.subscribed ?? "");
    });
  });
});

it("newestAfter", () => {
  const diagram = diagramOf("newestAfter");
  inVirtualTime().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const works: { readonly [value: string]: string } = {
      a: diagram["after a"] ?? "",
      c: diagram["after c"] ?? "",
    };
    const source$ = hot(diagram.source ?? "");
    const passed: number[] = [];
    const said$ = source$.pipe(
      newestAfter<string>({
        due: () => true,
        after$: (value, skipped) => {
          passed.push(skipped);
          return cold(works[value] ?? "|");
        },
        merge: (_, newer) => newer,
      }),
      finalize(() => expect(passed).toEqual([0, 1])),
    );
    expectObservable(said$).toBe(diagram.events ?? "");
    expectSubscriptions(source$.subscriptions).toBe(diagram.subscribed ?? "");
  });
});

/** The frames of a diagram, each with its marble: an event, or `|` for the end. */
type Frames = readonly (readonly [frame: number, marble: string])[];

const framesOf = (diagram: string): Frames =>
  TestScheduler.parseMarbles(diagram, marbles, undefined, false, true).map(
    ({ frame, notification }) => [frame, notification.kind === "N" ? notification.value : "|"],
  );

/**
 * Runs an operator on events that come one by one. Each waits until the operator has emitted everything expected of the
 * earlier ones, since effects do not run in virtual time.
 */
const paced = async (run: string, operator: Operator, expected: Frames): Promise<Frames> => {
  const said: (readonly [number, string])[] = [];
  const source$ = new Subject<Event>();
  let now = 0;
  const subscription = source$.pipe(operator).subscribe({
    next: (event) => said.push([now, marbleOf(event)]),
    complete: () => said.push([now, "|"]),
  });
  for (const [frame, marble] of framesOf(run)) {
    now = frame;
    const event = events[marble];
    if (event === undefined) source$.complete();
    else source$.next(event);
    const due = expected.filter(([at]) => at <= frame).length;
    await vi.waitFor(() => expect(said.length).toBeGreaterThanOrEqual(due), { timeout: 10_000 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  subscription.unsubscribe();
  return said;
};

describe("the diagrams of docstrings, of operators that work", () => {
  const folder = mkdtempSync(join(tmpdir(), "fluxion-marbles-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const withTensors: Operator = map((event) =>
    "state" in event
      ? ({
          ...event,
          // The run of the diagram ends with its second epoch.
          state: { ...event.state, carried: scalar(1), step: Math.min(event.state.step, 400) },
        } as TrainEvent as Event)
      : event,
  );

  it.each([
    ["sampleEvery", sampleEvery<number, never, never>(Effect.succeed(() => Effect.succeed("w")))],
    [
      "saveCheckpoints",
      // The events of these diagrams have made-up states, which are saved.
      (run$) =>
        run$.pipe(withTensors, saveCheckpoints(small, { path: join(folder, "k") }) as never),
    ],
  ] as readonly (readonly [string, Operator])[])("%s", async (name, operator) => {
    const diagram = diagramOf(name);
    const expected = framesOf(diagram.events ?? "");
    expect(await paced(diagram.run ?? "", operator, expected)).toEqual(expected);
  });

  it("stop when nobody subscribes any more, and release their resources", async () => {
    const done: string[] = [];
    const held = Layer.effectDiscard(
      Effect.acquireRelease(Effect.void, () => Effect.sync(() => done.push("released"))),
    );
    const endless = sampleEvery<number, never, never>(
      Effect.onInterrupt(Effect.never, () => Effect.sync(() => done.push("interrupted"))),
      { services: Layer.provideMerge(Backend.layerReference, held) },
    );
    const source$ = new Subject<Event>();
    const subscription = source$.pipe(endless).subscribe();
    source$.next(events["1"] as Event);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toEqual([]);
    subscription.unsubscribe();
    expect(source$.observed).toBe(false);
    await vi.waitFor(() => expect(done).toEqual(["interrupted", "released"]));
  });
});

describe("conflating", () => {
  it("ends with an error of the run after what waits, and with one of the work at once", () => {
    inVirtualTime().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const work$ = cold("----|");
      const failing$ = hot("-s1p2p#", events).pipe(
        conflating(() => work$),
        map(marbleOf),
      );
      expectObservable(failing$).toBe("-s---2---p---#", marbles);
      const source$ = hot("-s-1-2-c|", events);
      const broken$ = source$.pipe(
        conflating(() => cold("--#")),
        map(marbleOf),
      );
      expectObservable(broken$).toBe("-s-#", marbles);
      expectSubscriptions(source$.subscriptions).toBe("^--!");
    });
  });

  it("stops its work and the run when nobody subscribes any more", () => {
    inVirtualTime().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const work$ = cold("----|");
      const source$ = hot("-1-2-c|", events);
      const said$ = source$.pipe(
        conflating(() => work$),
        map(marbleOf),
      );
      expectObservable(said$, "---!").toBe("-1--", marbles);
      expectSubscriptions(source$.subscriptions).toBe("^--!");
      expectSubscriptions(work$.subscriptions).toBe("-^-!");
    });
  });
});

describe("afterEpochs", () => {
  it("lets what comes meanwhile wait, in order, and an error too", () => {
    inVirtualTime().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const more = cold("   ------w|", events);
      const source$ = hot("-s-1pp2#", events);
      const said$ = source$.pipe(
        afterEpochs(1, () => more),
        map(marbleOf),
      );
      expectObservable(said$).toBe("-s-1-----w(pp2)-w#", marbles);
      expectSubscriptions(source$.subscriptions).toBe("^------!");
      expectSubscriptions(more.subscriptions).toBe(["---^------!", "----------^------!"]);
    });
  });

  it("asks only after every second epoch if `every` is 2", () => {
    inVirtualTime().run(({ cold, hot, expectObservable }) => {
      const source$ = hot("-1--2----3--4----c|", events);
      const said$ = source$.pipe(
        afterEpochs(2, () => cold("(w|)", events)),
        map(marbleOf),
      );
      expectObservable(said$).toBe("-1--(2w)-3--(4w)-c|", marbles);
    });
  });

  it("stops its work and the run when nobody subscribes any more", () => {
    inVirtualTime().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const more = cold("   ----w|", events);
      const source$ = hot("-1-2-c|", events);
      const said$ = source$.pipe(
        afterEpochs(1, () => more),
        map(marbleOf),
      );
      expectObservable(said$, "---!").toBe("-1--", marbles);
      expectSubscriptions(source$.subscriptions).toBe("^--!");
      expectSubscriptions(more.subscriptions).toBe("-^-!");
    });
  });
});
