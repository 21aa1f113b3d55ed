import { readFileSync } from "node:fs";

/** Arrays that NumPy saved; `savedArrays.py` makes them. */
export const savedArrays = JSON.parse(
  readFileSync(new URL("./savedArrays.json", import.meta.url), "utf8"),
) as {
  readonly arrays: {
    readonly [name: string]: {
      readonly npy: string;
      readonly shape: readonly number[];
      readonly values: readonly string[];
    };
  };
  readonly versions: { readonly [version: string]: string };
  readonly refused: { readonly [name: string]: string };
  readonly "plain npz": string;
  readonly "compressed npz": string;
};

/** The bytes of a saved array. */
export const savedNpy = (name: string): Uint8Array =>
  fromBase64(savedArrays.arrays[name]?.npy ?? "");

/** Bytes that are written in base 64. */
export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
