import type { Program } from "../../../ir/expr.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Step } from "../kernel.ts";
import type { Buffer, Counter, View } from "../view.ts";

/** The buffer that an output must be written to; `replaces` is the input whose place the output takes. */
export interface Destination {
  readonly buffer: Buffer;
  readonly replaces: boolean;
}

/** The state that the regions of one program share while it is lowered. */
export interface Context {
  readonly constant: (value: Tensor) => View;
  /** The name of a loop's counter, which no other loop has. */
  readonly counter: () => Counter;
  /** Makes a buffer share the memory of another. */
  readonly unite: (buffer: Buffer, place: Buffer) => void;
  /** The buffer whose memory a buffer uses: itself, unless it shares memory. */
  readonly placeOf: (buffer: Buffer) => Buffer;
  /** Lowers an inner program to steps. */
  readonly region: (
    program: Program,
    inputs: readonly View[],
    destinations: readonly Destination[],
  ) => readonly Step[];
}
