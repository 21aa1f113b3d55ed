import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { ReverseMode } from "../autodiff/index.ts";
import { Backend } from "../backend/index.ts";
import type { BackendUnavailable } from "../errors.ts";

/** How long the shared services outlive their last user, in milliseconds. */
const lingering = 2000;

const services = Layer.merge(Backend.layerWasm, ReverseMode.layerTape);

/** Services of runs. */
export type SharedServices = typeof services;

/**
 * Services that all their users share: the first one acquires them, and they are released two seconds after the last one
 * ends. The timer keeps no process alive.
 */
export const sharedServices = (of: SharedServices): SharedServices => {
  /** Counts the users: the last scope that closes releases what they share. */
  const shared = Layer.makeMemoMapUnsafe();
  return Layer.effectContext(
    Effect.gen(function* () {
      const held = Scope.makeUnsafe();
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          const timer = setTimeout(() => Effect.runFork(Scope.close(held, Exit.void)), lingering);
          if (typeof timer === "object") timer.unref();
        }),
      );
      return yield* Layer.buildWithMemoMap(of, shared, held);
    }),
  );
};

/**
 * The services of a run that is given no others: WebAssembly and the tape.
 *
 * All users in a process share one backend, since workers take tens of milliseconds to start and a program that was
 * compiled for one subscription serves the next.
 */
export const defaultServices: SharedServices = sharedServices(services);

/**
 * An effect that computes on its caller's backend where there is one, and else on the one that the process shares, until
 * the scope closes.
 */
export const orDefault = <A, E, R>(
  effect: Effect.Effect<A, E, R | Backend>,
): Effect.Effect<A, E | BackendUnavailable, Exclude<R, Backend> | Scope.Scope> =>
  Effect.gen(function* () {
    const given = yield* Effect.context<Exclude<R, Backend> | Scope.Scope>();
    // Whether the caller has a backend is known only here: the type says that none is needed.
    const own = Context.getOrUndefined(given as Context.Context<Backend>, Backend);
    const scope = yield* Effect.scope;
    const context =
      own === undefined
        ? Context.merge(given, yield* Layer.buildWithScope(defaultServices, scope))
        : given;
    return yield* Effect.provideContext(effect, context as Context.Context<R | Backend>);
  });
