import type { Expr } from "../../ir/expr.ts";
import { add, clip, cos, mul, neg, sin, square } from "../../ir/ops/elementwise.ts";
import { splitKey } from "../../ir/ops/random.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { wrapped } from "./angle.ts";
import { drawBetween, type Environment, never, observed } from "./environment.ts";

/** The state of {@link pendulum}, in f32 scalars. */
export interface PendulumState {
  /** The angle in radians, from -π to π; 0 is upright. */
  readonly angle: Expr;
  /** The angular velocity in radians per second. */
  readonly spin: Expr;
}

const [gravity, mass, length, seconds] = [10, 1, 1, 0.05];
const [strongest, fastest] = [2, 8];

const observe = ({ angle, spin }: PendulumState): Expr => observed(cos(angle), sin(angle), spin);

/**
 * Swings a pendulum up and holds it there, by a torque from -2 to 2. Observes `[cos θ, sin θ, ω]`. It is never done; the
 * usual time limit is 200 steps of 0.05 seconds. It begins with θ uniformly within ±π and ω within ±1.
 *
 * **Shapes** the action is `[1]`; torques out of range are clipped.
 * **Math** `ω' = ω + (3g/(2l) sin θ + 3u/(m l²)) dt`, within ±8; `θ' = θ + ω' dt`. The reward of the state before the step
 * is `-(θ² + 0.1 ω² + 0.001 u²)` with θ from -π to π.
 * **Source** the equation of motion of a rod at a joint; constants and reward as Gym's Pendulum-v1.
 */
export const pendulum = (): Environment<PendulumState> => ({
  name: "pendulum",
  observation: { shape: [3], dtype: "f32", low: [-1, -1, -fastest], high: [1, 1, fastest] },
  actions: { kind: "continuous", shape: [1], low: -strongest, high: strongest },
  reset: (key) => {
    const [first, second] = splitKey(key, 2);
    const state = {
      angle: drawBetween(first, -Math.PI, Math.PI),
      spin: drawBetween(second, -1, 1),
    };
    return { state, observation: observe(state) };
  },
  step: ({ angle, spin: before }, action) => {
    const torque = clip(reshape(action, []), -strongest, strongest);
    const pull = mul((3 * gravity) / (2 * length), sin(angle));
    const push = mul(3 / (mass * length ** 2), torque);
    const spin = clip(add(before, mul(seconds, add(pull, push))), -fastest, fastest);
    const state = { angle: wrapped(add(angle, mul(seconds, spin))), spin };
    const cost = add(add(square(angle), mul(0.1, square(before))), mul(0.001, square(torque)));
    return {
      state,
      observation: observe(state),
      reward: neg(cost),
      done: never(),
      truncated: never(),
    };
  },
});
