import * as Layer from "effect/Layer";
import { ReverseMode } from "../autodiff/index.ts";
import { layerReference } from "../backend/reference/layerReference.ts";

/** What a run is given where nothing else is said: WebAssembly and the tape. */
export const defaultServices = Layer.merge(layerReference, ReverseMode.layerTape);
