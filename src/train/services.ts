import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { ReverseMode } from "../autodiff/index.ts";
import { Backend } from "../backend/index.ts";

/** How long the shared services outlive their last user, in milliseconds. */
const lingering = 2000;

const services = Layer.merge(Backend.layerWasm, ReverseMode.layerTape);

/** Counts the users of the shared services: the last scope that closes releases them. */
const shared = Layer.makeMemoMapUnsafe();

/**
 * The services of a run that is given no others: WebAssembly and the tape.
 *
 * All users in a process share one backend, since workers take tens of milliseconds to start and a program that was
 * compiled for one subscription serves the next. The backend is released two seconds after its last user ends; the
 * timer keeps no process alive.
 */
export const defaultServices: typeof services = Layer.effectContext(
  Effect.gen(function* () {
    const held = Scope.makeUnsafe();
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        const timer = setTimeout(() => Effect.runFork(Scope.close(held, Exit.void)), lingering);
        if (typeof timer === "object") timer.unref();
      }),
    );
    return yield* Layer.buildWithMemoMap(services, shared, held);
  }),
);
