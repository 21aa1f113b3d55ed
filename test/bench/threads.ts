import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import type { WasmOptions } from "../../src/backend/index.ts";
import { Backend, ReverseMode } from "../../src/index.ts";

const [given] = process.argv.slice(2);

/** The number of threads of this process: from its argument, or fluxion's default. */
export const threads: WasmOptions = given === undefined ? {} : { threads: Number(given) };

/** A backend that stays open until the process ends: the bench runs its programs outside of Effects. */
export const backend = Layer.succeedContext(
  Effect.runSync(Layer.buildWithScope(Backend.layerWasmWith(threads), Scope.makeUnsafe())),
);

export const services = Layer.merge(backend, ReverseMode.layerTape);
