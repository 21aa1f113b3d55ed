import * as Layer from "effect/Layer";
import type { WasmOptions } from "../../src/backend/index.ts";
import { Backend, ReverseMode } from "../../src/index.ts";

const [given] = process.argv.slice(2);

/** On how many threads this process computes: as its argument says, else as fluxion does by default. */
export const threads: WasmOptions = given === undefined ? {} : { threads: Number(given) };

export const backend = Backend.layerWasmWith(threads);

export const services = Layer.merge(backend, ReverseMode.layerTape);
