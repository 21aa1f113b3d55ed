import * as Layer from "effect/Layer";
import { type Backend, contextOfSync, type SyncBackend } from "../../src/backend/backend.ts";
import { backendOf } from "../../src/backend/wasm/index.ts";

/** A WebAssembly backend that stays open until the test process ends, so that tests may use programs outside Effects. */
export const standing: SyncBackend["Service"] = backendOf({});

/** {@link standing} as a layer. */
export const layerStanding: Layer.Layer<Backend | SyncBackend> = Layer.succeedContext(
  contextOfSync(standing),
);
