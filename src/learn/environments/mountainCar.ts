import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, and, clip, cos, ge, le, lt, mul, sub } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { drawBetween, type Environment, meaning, never, observed } from "./environment.ts";

/** The state of {@link mountainCar}, in f32 scalars. */
export interface MountainCarState {
  readonly x: Expr;
  readonly v: Expr;
}

const [left, right, goal, fastest] = [-1.2, 0.6, 0.5, 0.07];
const [thrust, gravity] = [0.001, 0.0025];

/**
 * Drives a car that is too weak for the slope out of a valley: to the left (0), not at all (1) or to the right (2).
 * Observes `[x, v]`. Every step costs 1, and the episode is done at `x ≥ 0.5` where the car does not roll back. It begins
 * at rest, uniformly from -0.6 to -0.4. The usual time limit is 200 steps.
 *
 * **Math** `v' = v + 0.001 (a - 1) - 0.0025 cos 3x`, within ±0.07; `x' = x + v'`, within [-1.2, 0.6], where the left end
 * stops the car.
 * **Source** Moore, "Efficient memory-based learning for robot control" (1990), in the form of Singh and Sutton,
 * "Reinforcement learning with replacing eligibility traces" (1996); bounds as Gym's MountainCar-v0.
 */
export const mountainCar = (): Environment<MountainCarState> => ({
  name: "mountainCar",
  observation: { shape: [2], dtype: "f32", low: [left, -fastest], high: [right, fastest] },
  actions: { kind: "discrete", count: 3 },
  reset: (key) => {
    const [x, v] = [drawBetween(key, -0.6, -0.4), fill([], 0, "f32")];
    return { state: { x, v }, observation: observed(x, v) };
  },
  step: (before, action) => {
    const pull = mul(gravity, cos(mul(3, before.x)));
    const pushed = add(before.v, sub(meaning([-thrust, 0, thrust], action), pull));
    const moving = clip(pushed, -fastest, fastest);
    const x = clip(add(before.x, moving), left, right);
    const v = where(and(le(x, left), lt(moving, 0)), 0, moving);
    return {
      state: { x, v },
      observation: observed(x, v),
      reward: fill([], -1, "f32"),
      done: and(ge(x, goal), ge(v, 0)),
      truncated: never(),
    };
  },
});
