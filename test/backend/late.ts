import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Backend, type Executable, type Session, type Tensors } from "../../src/backend/backend.ts";
import { inOrder } from "../../src/backend/inOrder.ts";
import { heldBack, type Later } from "../../src/backend/later.ts";
import { allocate, type Storage } from "../../src/tensor/dtype.ts";
import { foldIn, key, uniform } from "../../src/tensor/key.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { standing } from "./standing.ts";

/** How a device answers. */
export interface Lateness {
  readonly ahead: number;
  readonly seed?: number;
  /** The number of the step or run, counted from 1, with which the device is lost for good, and what it then says. */
  readonly lost?: { readonly at: number; readonly error: Error };
  /** A deliberate mistake: the outputs of two steps that wait at the same time are exchanged. */
  readonly exchanged?: boolean;
}

/** A device, and what it has computed. */
export interface Device {
  readonly backend: Backend["Service"];
  readonly layer: Layer.Layer<Backend>;
  /** The number of steps and runs so far. */
  readonly computed: () => number;
}

/** Waits for a moment drawn from `[0, 1)`: not at all, for a turn of the event loop, or for up to 2 milliseconds. */
const pause = (moment: number): Promise<void> =>
  moment < 0.4
    ? Promise.resolve()
    : new Promise((resolve) =>
        moment < 0.8 ? setImmediate(resolve) : setTimeout(resolve, 10 * (moment - 0.8)),
      );

/**
 * A backend that answers late, as a device with one queue does: what is submitted is computed by wasm in order, each
 * after a random time that the seed determines, and compiling takes time too.
 */
export const device = ({ ahead, seed = 0, lost, exchanged = false }: Lateness): Device => {
  let [draws, computed] = [0, 0];
  const moment = (): number => uniform(foldIn(key(seed), draws++), []).item();
  let queue: Promise<unknown> = Promise.resolve();
  const enqueue = <A>(work: () => A): Promise<A> => {
    const answer = queue.then(() => pause(moment())).then(work);
    heldBack(answer);
    queue = answer.catch(() => {});
    return answer;
  };
  const compute = <A>(work: () => A): A => {
    if (++computed >= (lost?.at ?? Number.POSITIVE_INFINITY)) throw lost?.error;
    return work();
  };

  const late = (executable: Executable<Tensors>, carried: number): Executable => {
    const types = executable.program.inputs.slice(carried);
    const start = (initial: Tensors): Session => {
      const session = executable.start(initial);
      const outputs = inOrder<Later<Tensors>>(ahead);
      let failure: { readonly error: unknown } | undefined;
      let [finished, ended] = [false, false];
      const sound = <A>(work: () => A) => {
        if (failure !== undefined) throw failure.error;
        try {
          return work();
        } catch (error) {
          failure = { error };
          throw error;
        }
      };
      const submit = (inputs: Tensors): void => {
        outputs.add(
          enqueue(() => {
            if (ended) throw new Error("given up");
            return sound(() => compute(() => session.step(inputs)));
          }),
        );
      };
      const read = (): Later<Tensors> => {
        const oldest = outputs.next();
        if (!exchanged) return oldest;
        try {
          const second = outputs.next();
          outputs.add(oldest);
          return second;
        } catch {
          return oldest;
        }
      };
      return {
        submit: (fill) => {
          outputs.admit();
          const data = types.map(({ dtype, shape }) => allocate(dtype, sizeOf(shape)));
          fill(data);
          submit(
            types.map(({ dtype, shape }, i) =>
              Tensor.own(shape, dtype, (data[i] as Storage).slice()),
            ),
          );
          // A caller that keeps these arrays, or fills them later, corrupts its own steps.
          for (const array of data) array.fill(99);
        },
        read,
        step: (inputs) => {
          outputs.admit();
          submit(inputs);
          return read();
        },
        state: () => enqueue(() => sound(session.state)),
        finish: () => {
          finished = true;
          return enqueue(() => sound(session.finish));
        },
        release: () => {
          if (finished) return;
          ended = true;
          session.release();
        },
      };
    };
    return {
      ...executable,
      ahead,
      run: (inputs) => enqueue(() => compute(() => executable.run(inputs))),
      start,
    };
  };

  const backend: Backend["Service"] = {
    name: `late ${ahead}`,
    compile: (program, options) =>
      Effect.flatMap(
        Effect.promise(() => pause(moment())),
        () =>
          Effect.map(standing.compile(program, options), (executable) =>
            late(executable, options?.carried ?? 0),
          ),
      ),
  };
  return { backend, layer: Layer.succeed(Backend, backend), computed: () => computed };
};
