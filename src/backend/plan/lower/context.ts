import type { Program } from "../../../ir/expr.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Step } from "../kernel.ts";
import type { Buffer, Counter, View } from "../view.ts";

/** The buffer that an output must end up in; `replaces` says that an input stands there, which it overwrites. */
export interface Destination {
  readonly buffer: Buffer;
  readonly replaces: boolean;
}

/** State that lowering a program shares among its regions. */
export interface Context {
  readonly constant: (value: Tensor) => View;
  /** The name of a loop's counter, which no other loop has. */
  readonly counter: () => Counter;
  /** Makes a buffer share the memory of another. */
  readonly unite: (buffer: Buffer, place: Buffer) => void;
  /** The buffer in whose memory another stands: itself if it has its own. */
  readonly placeOf: (buffer: Buffer) => Buffer;
  /** Lowers an inner program to steps. */
  readonly region: (
    program: Program,
    inputs: readonly View[],
    destinations: readonly Destination[],
  ) => readonly Step[];
}
