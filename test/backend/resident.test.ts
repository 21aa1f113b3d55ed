import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import type { SyncBackend } from "../../src/backend/backend.ts";
import { resident } from "../../src/backend/resident.ts";
import { Backend, type Expr, scalar, tensor } from "../../src/index.ts";
import { add, cast, mul, reshape } from "../../src/ir/index.ts";

type Scalar = Expr<readonly []>;
type Both = { readonly a: Scalar; readonly b: readonly [Expr<readonly [2]>] };

const layers = { reference: Backend.layerReference, wasm: Backend.layerWasm };

describe.each(Object.entries(layers))("a loop of one's own on %s", (_, layer) => {
  const run = <A, E>(work: Effect.Effect<A, E, SyncBackend>): A =>
    Effect.runSync(Effect.provide(work, layer));

  it("keeps a tree of state, and copies it out where it is asked for", () => {
    const start = { a: scalar(1), b: [tensor([2, 3])] } as const;
    const step = ({ a, b: [b] }: Both, x: Scalar, { y }: { readonly y: Scalar }) =>
      [{ a: add(a, x), b: [mul(b, y)] }, { said: a }] as const;
    const work = Effect.map(
      resident(step, start, [scalar(0), { y: scalar(0) }]),
      ({ step, state, finish }) => {
        const said = [1, 2].map((x) => step(scalar(x), { y: scalar(2) }).said.item());
        const held = state();
        step(scalar(10), { y: scalar(0) });
        const last = finish();
        return [said, held.a.item(), held.b[0].toArray(), last.a.item(), last.b[0].toArray()];
      },
    );
    expect(run(work)).toEqual([[1, 2], 4, [8, 12], 14, [0, 0]]);
    expect([start.a.item(), start.b[0].toArray()]).toEqual([1, [2, 3]]);
  });

  it("refuses a step that changes the type of the state", () => {
    const wrong = [
      (s: Expr<readonly [2]>) => [cast(s, "f64"), s] as const,
      (s: Expr<readonly [2]>) => [reshape(s, [1, 2]) as Expr as typeof s, s] as const,
    ];
    for (const step of wrong)
      expect(run(Effect.flip(resident(step, tensor([1, 2]), [])))).toMatchObject({
        _tag: "CompileError",
      });
  });

  it("refuses a step that returns another tree", () => {
    const step = (s: Scalar) => [[s] as never as Scalar, s] as const;
    expect(() => run(resident(step, scalar(1), []))).toThrow(/a step of resident/);
  });

  it("refuses arguments unlike the examples", () => {
    const step = (s: Scalar, x: Scalar) => [add(s, x), s] as const;
    const work = Effect.map(resident(step, scalar(1), [scalar(0)]), (loop) =>
      loop.step(tensor([1, 2]) as never),
    );
    expect(() => run(work)).toThrow("argument 1 does not accept [2]");
  });
});
