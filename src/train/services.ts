import * as Layer from "effect/Layer";
import { ReverseMode } from "../autodiff/index.ts";
import { Backend } from "../backend/index.ts";

/** What a run is given where nothing else is said: WebAssembly and the tape. */
export const defaultServices = Layer.merge(Backend.layerWasm, ReverseMode.layerTape);
