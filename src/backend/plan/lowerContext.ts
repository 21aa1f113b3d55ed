import type { Program } from "../../ir/expr.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Step } from "../wasm/kernels/kernel.ts";
import type { Buffer, Counter, View } from "./view.ts";

/** Where an output must end up; `replaces` says that it is where an input stands, which it overwrites. */
export interface Destination {
  readonly buffer: Buffer;
  readonly replaces: boolean;
}

/** What lowering a program shares among its regions. */
export interface Context {
  readonly constant: (value: Tensor) => View;
  readonly counter: () => Counter;
  /** Makes a buffer stand where another does. */
  readonly unite: (buffer: Buffer, place: Buffer) => void;
  /** The buffer in whose place one stands, itself where it has its own. */
  readonly placeOf: (buffer: Buffer) => Buffer;
  /** The steps of an inner program. */
  readonly region: (
    program: Program,
    inputs: readonly View[],
    destinations: readonly Destination[],
  ) => readonly Step[];
}
