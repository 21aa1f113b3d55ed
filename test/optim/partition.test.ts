import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { Backend, compile, scalar } from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import type { GradientTransformation } from "../../src/optim/index.ts";
import {
  adamw,
  clipByGlobalNorm,
  freeze,
  masked,
  optimizerStep,
  partition,
  sgd,
} from "../../src/optim/index.ts";

type Scalar = Expr<readonly []>;
type Params = { readonly body: { readonly w: Scalar; readonly b: Scalar }; readonly head: Scalar };

const params = { body: { w: scalar(1), b: scalar(2) }, head: scalar(3) };
const gradient = { body: { w: scalar(3), b: scalar(4) }, head: scalar(5) };

/** The params after one step. */
const stepped = (optimizer: GradientTransformation) => {
  const state = optimizer.init(params);
  const f = (p: Params, g: Params) =>
    optimizerStep(optimizer, { params: p, gradient: g, state }).params;
  const run = Effect.runSync(
    Effect.provide(compile(f, [params, gradient]), Backend.layerReference),
  );
  const { body, head } = run(params, gradient);
  return [body.w.item(), body.b.item(), head.item()];
};

const place = (path: string): "head" | "body" => (path === "head" ? "head" : "body");

describe("groups of params", () => {
  it("have an optimizer each", () => {
    const groups = { head: sgd({ learningRate: 0.1 }), body: sgd({ learningRate: 1 }) };
    expect(stepped(partition(place, groups))).toEqual([-2, -2, expect.closeTo(2.5, 6)]);
  });

  it("may be frozen, also under another's weight decay", () => {
    const groups = { head: sgd({ learningRate: 0.1, weightDecay: 0.5 }), body: freeze };
    expect(stepped(partition(place, groups))).toEqual([1, 2, expect.closeTo(3 - 0.1 * 6.5, 6)]);
  });

  it("are clipped by the norm of their own gradients", () => {
    const groups = { head: freeze, body: clipByGlobalNorm(0.5) };
    // The norm of (3, 4) is 5; a transformation alone adds what it is given.
    expect(stepped(partition(place, groups))).toEqual([
      expect.closeTo(1.3, 6),
      expect.closeTo(2.4, 6),
      3,
    ]);
  });

  it("are those whose path is accepted; the gradients of the others pass", () => {
    const decayed = masked((path) => path.endsWith("w"), sgd({ learningRate: 1 }));
    expect(stepped(decayed)).toEqual([-2, 6, 8]);
    expect(stepped(masked(() => true, sgd({ learningRate: 1 })))).toEqual([-2, -2, -2]);
  });

  it("are refused where a path is of none of them, or none of the paths is", () => {
    const head = adamw({ learningRate: 0.1 });
    const strange = partition(() => "tail" as "head", { head });
    expect(() => strange.init(params)).toThrow(/the group of body\.b is "tail".*one of "head"/s);
    const empty = partition(place, { head, body: head, tail: head } as never);
    expect(() => empty.init(params)).toThrow(/the group "tail" is a group of none.*body\.w/s);
    expect(() => masked(() => false, head).init(params)).toThrow(/a group of none/);
  });
});
