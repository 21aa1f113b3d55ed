import type { Program } from "../../../ir/expr.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Kernel, Step } from "../kernel.ts";
import type { Residents } from "../memory.ts";
import { type Buffer, type Counter, makeBuffer, type View, whole } from "../view.ts";
import type { Context, Destination } from "./context.ts";
import { regionSteps } from "./region.ts";

/** A program as steps, and the buffers of its values. `K` is the type of its kernels. */
export interface Lowered<K = Kernel> {
  readonly steps: readonly Step<K>[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly constants: ReadonlyMap<Tensor, Buffer>;
  readonly residents: Residents;
  /** The counters of its loops, the outer before the inner ones. */
  readonly counters: readonly Counter[];
  /** The buffer whose memory a buffer uses: itself, unless it shares memory. */
  readonly united: (buffer: Buffer) => Buffer;
}

/**
 * Lowers a checked program to kernels that are independent of the target. The first `carried` inputs are state, and the
 * first outputs overwrite them.
 */
export const lower = (program: Program, carried: number): Lowered => {
  const constants = new Map<Tensor, Buffer>();
  const places = new Map<Buffer, Buffer>();
  const counters: Counter[] = [];
  const united = (buffer: Buffer): Buffer => {
    const next = places.get(buffer);
    if (next === undefined) return buffer;
    let here = next;
    for (let place = places.get(here); place !== undefined; place = places.get(here)) here = place;
    places.set(buffer, here); // so that the next lookup is short
    return here;
  };
  const context: Context = {
    constant: (value): View => {
      const known = constants.get(value);
      const buffer = known ?? makeBuffer(value.dtype, value.size, "constant", true);
      constants.set(value, buffer);
      return whole(buffer, value.shape);
    },
    counter: () => {
      const counter = `round ${counters.length}`;
      counters.push(counter);
      return counter;
    },
    unite: (buffer, place) => {
      places.set(buffer, place);
    },
    placeOf: united,
    region: (inner, inputs, destinations) => regionSteps(context, inner, inputs, destinations),
  };
  const inputs = program.inputs.map((x, i) =>
    makeBuffer(x.dtype, sizeOf(x.shape), i < carried ? `state ${i}` : `input ${i}`, true),
  );
  const outputs = program.outputs.map((x, i) =>
    i < carried ? (inputs[i] as Buffer) : makeBuffer(x.dtype, sizeOf(x.shape), `output ${i}`, true),
  );
  const destinations = outputs.map((buffer, i): Destination => ({ buffer, replaces: i < carried }));
  const steps = context.region(
    program,
    program.inputs.map((x, i) => whole(inputs[i] as Buffer, x.shape)),
    destinations,
  );
  const residents = {
    pinned: [...inputs.slice(0, carried), ...constants.values()],
    inputs: inputs.slice(carried),
    outputs: outputs.slice(carried),
  };
  return { steps, inputs, outputs, constants, residents, counters, united };
};
