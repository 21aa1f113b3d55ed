import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { checkAsync } from "../../laws/law.ts";
import { submission } from "../../laws/training/submission.ts";
import { mustHoldInTime } from "../../laws/vitest.ts";
import { Backend as Service, type Session } from "../../src/backend/backend.ts";
import { Backend } from "../../src/backend/index.ts";
import { backendOf } from "../../src/backend/wasm/index.ts";
import { device } from "./late.ts";
import { standing } from "./standing.ts";

const reference = Context.get(
  Effect.runSync(Layer.buildWithScope(Backend.layerReference, Scope.makeUnsafe())),
  Service,
);

test.each([
  reference,
  standing,
  { ...backendOf({ threads: 2 }, { shareFrom: 0 }), name: "wasm on two threads" },
  ...[0, 1, 3, 8].map((ahead) => device({ ahead, seed: ahead }).backend),
])("steps are taken and read in order on $name", async (backend) => {
  await mustHoldInTime(submission, { name: backend.name, backend }, { runs: 40 });
});

describe("planted mistakes in a session are noticed", () => {
  const { backend } = device({ ahead: 3 });
  const changed = (change: (session: Session) => Session): Service["Service"] => ({
    ...backend,
    compile: (program, options) =>
      Effect.map(backend.compile(program, options), (executable) => ({
        ...executable,
        start: (state) => change(executable.start(state)),
      })),
  });

  test.each<readonly [string, Service["Service"]]>([
    ["outputs in another order", device({ ahead: 3, exchanged: true }).backend],
    [
      "inputs that are filled after the submission",
      changed((session) => ({
        ...session,
        submit: (fill) =>
          session.submit((inputs) => {
            queueMicrotask(() => fill(inputs));
          }),
      })),
    ],
    [
      "a state that lags behind what was submitted",
      changed((session) => {
        let last = session.state();
        const late = (): typeof last => {
          const before = last;
          last = session.state();
          return before;
        };
        return { ...session, state: late };
      }),
    ],
    [
      "a step that is dropped where several wait",
      changed((session) => {
        let waiting = 0;
        return {
          ...session,
          submit: (fill) => session.submit(waiting++ === 2 ? ([into]) => into?.fill(0) : fill),
          read: () => {
            waiting--;
            return session.read();
          },
        };
      }),
    ],
  ])("%s", async (_, mistaken) => {
    expect(
      isLeft(await checkAsync(submission, { name: "mistaken", backend: mistaken }, { runs: 40 })),
    ).toBe(true);
  });
});
