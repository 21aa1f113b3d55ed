import * as Effect from "effect/Effect";
import { reasonOf } from "../../data/files.ts";
import { DataSourceError, DecodeError } from "../../errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from "../../io/index.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { TrainState } from "../state/state.ts";
import { decodeModel, encodeModel, type Model, modelOf } from "./model.ts";

/** The metadata key that holds everything of a model but its params. */
export const modelKey = "fluxion.model";

/** A model as what a safetensors file holds. */
export const contentOf = (model: Model) => ({
  tensors: model.params,
  metadata: { [modelKey]: encodeModel(model) },
});

/**
 * Writes a trained model to a file on Node, either whole or not at all: what it computes, its params, its preprocessing
 * and the names of its classes. The file needs no pipeline to be used, and has nothing of the optimizer. It is a
 * safetensors file, so that other tools can read the params.
 *
 * **Fails with** `FileNotWritten`, and as {@link modelOf}.
 */
export const saveModel = <C, E>(of: Pipeline<C, E>, state: TrainState<C>, path: string) =>
  Effect.flatMap(modelOf(of, state), (model) => writeSafetensors(path, contentOf(model)));

/** A model as the bytes of a file; see {@link saveModel}. */
export const encodeModelFile = (model: Model): Uint8Array => encodeSafetensors(contentOf(model));

const modelIn = ({ tensors, metadata, hash }: SafetensorsFile, where: string) =>
  Effect.suspend(() => {
    const refuse = (path: string, expected: string) =>
      Effect.fail(new DecodeError({ where, issues: [{ path: [path], expected, actual: "none" }] }));
    const json = Object.hasOwn(metadata, modelKey) ? metadata[modelKey] : undefined;
    // Without its hash, a changed bit would go unnoticed.
    if (hash === undefined) return refuse("hash", "a SHA-256 hash of the file");
    return json === undefined
      ? refuse(modelKey, "a model that saveModel wrote")
      : decodeModel(json, tensors, where);
  });

/**
 * Reads a model from the bytes of a file.
 *
 * **Fails with** `SafetensorsCorrupt`, also where a single bit differs; `DecodeError`, `MemoryLimit`.
 */
export const decodeModelFile = (bytes: Uint8Array, where: string) =>
  Effect.flatMap(decodeSafetensors(bytes, where), (file) => modelIn(file, where));

/** The maximum bytes of a file that is fetched. */
const mostBytes = 2 ** 31;

const fetched = (url: string): Effect.Effect<Uint8Array, DataSourceError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, { signal });
      if (!response.ok || response.body === null)
        throw new Error(`the server answers ${response.status} ${response.statusText}`);
      const parts: Uint8Array[] = [];
      let length = 0;
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        length += value.length;
        if (length > mostBytes) {
          await reader.cancel();
          throw new Error(`it has more than ${mostBytes} bytes`);
        }
        parts.push(value);
      }
      const bytes = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    catch: (cause) =>
      new DataSourceError({
        source: url,
        // What failed says only that it did; its own cause says why.
        reason: reasonOf(
          cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause,
        ),
        help: "check the address, and that a server answers there",
      }),
  });

const isNode = (): boolean => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  return process?.getBuiltinModule !== undefined;
};

/** The path of a file on Node; `undefined` for what is fetched. */
const pathOf = (from: string | URL): string | undefined => {
  if (!isNode()) return undefined;
  const text = String(from);
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  if (text.startsWith("file:")) return process?.getBuiltinModule("node:url").fileURLToPath(text);
  return /^[a-z][a-z0-9+.-]+:/i.test(text) ? undefined : text;
};

/**
 * Loads a model that {@link saveModel} wrote: from a path on Node, or from a URL anywhere. `predictor` takes it.
 *
 * The file may come from a stranger: it holds no code, its program is checked node by node and bounded, and a hash of
 * all bytes is compared.
 *
 * **Fails with** `DataSourceError` where it cannot be read or fetched; `SafetensorsCorrupt` where it is damaged, even in a
 * single bit; `DecodeError` where it is not a model, `MemoryLimit`.
 */
export const loadModel = (from: string | URL) => {
  const [where, path] = [String(from), pathOf(from)];
  return path === undefined
    ? Effect.flatMap(fetched(where), (bytes) => decodeModelFile(bytes, where))
    : Effect.flatMap(readSafetensors(path), (file) => modelIn(file, where));
};
