import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../codec/decode.ts";
import { fromRawCodec } from "../../codec/fromRaw.ts";
import { readText } from "../../data/files.ts";
import type { FromRaw } from "../../data/raw/raw.ts";
import type { DataSourceError, DecodeError } from "../../errors.ts";

/** How raw values became the columns of a run, with what was fitted on its training data, and the names of its classes. */
export interface RunInputs {
  readonly inputs: { readonly [column: string]: FromRaw };
  readonly classes: readonly string[] | undefined;
}

const written = t.intersection([
  // A list, since a name may be `__proto__`.
  t.strict({ inputs: t.readonlyArray(t.tuple([t.string, fromRawCodec])) }),
  t.exact(t.partial({ classes: t.readonlyArray(t.string) })),
]);

/** The inputs of a source as what a file holds; `undefined` where nothing was fitted. */
export const encodeInputs = (of: {
  readonly inputs?: { readonly [column: string]: FromRaw | undefined };
  readonly classes?: readonly string[];
}): unknown => {
  const inputs = Object.entries(of.inputs ?? {}).flatMap(([column, from]) =>
    from === undefined ? [] : [[column, from] as [string, FromRaw]],
  );
  return inputs.length === 0 && of.classes === undefined
    ? undefined
    : written.encode({ inputs, ...(of.classes === undefined ? {} : { classes: of.classes }) });
};

/**
 * Reads how raw values became the columns of the run in a folder, without its data.
 *
 * **Fails with** `DataSourceError`, also where the run's source has no `inputs`; `DecodeError`.
 */
export const inputsIn = (
  folder: string,
): Effect.Effect<RunInputs, DataSourceError | DecodeError> => {
  const path = `${folder}/inputs.json`;
  return Effect.gen(function* () {
    const { inputs, classes } = yield* decodeJson(written, yield* readText(path), path);
    return { inputs: Object.fromEntries(inputs), classes };
  });
};
