import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, clip, cos, div, gt, mul, neg, sin, square, sub } from "../../ir/ops/elementwise.ts";
import { splitKey } from "../../ir/ops/random.ts";
import { each } from "../../tensor/list.ts";
import { zip } from "../../tree.ts";
import { wrapped } from "./angle.ts";
import { drawBetween, type Environment, meaning, never, observed } from "./environment.ts";

/** The state of {@link acrobot}, in f32 scalars: angles in radians from -π to π, velocities in radians per second. */
export interface AcrobotState {
  /** The angle of the upper link; 0 hangs down. */
  readonly upper: Expr;
  /** The angle of the lower link against the upper one; 0 is in line. */
  readonly lower: Expr;
  readonly upperSpin: Expr;
  readonly lowerSpin: Expr;
}

const [gravity, seconds] = [9.8, 0.2];
/** Both links are alike: mass, length, distance from joint to center, moment of inertia. */
const [m, l, c, inertia] = [1, 1, 0.5, 1];
const [fastestUpper, fastestLower] = [4 * Math.PI, 9 * Math.PI];

const observe = ({ upper, lower, upperSpin, lowerSpin }: AcrobotState): Expr =>
  observed(cos(upper), sin(upper), cos(lower), sin(lower), upperSpin, lowerSpin);

const total = (first: Expr, ...rest: readonly Expr[]): Expr => rest.reduce<Expr>(add, first);

/** The derivative of the state by time, in the names of the paper. */
const motion =
  (torque: Expr) =>
  ({ upper, lower, upperSpin: w1, lowerSpin: w2 }: AcrobotState): AcrobotState => {
    const [s, t] = [sin(lower), cos(lower)];
    const d1 = add(mul(2 * m * l * c, t), m * c ** 2 + m * (l ** 2 + c ** 2) + 2 * inertia);
    const d2 = add(mul(m * l * c, t), m * c ** 2 + inertia);
    // cos(x - π/2) = sin x.
    const phi2 = mul(m * c * gravity, sin(add(upper, lower)));
    const phi1 = total(
      mul(-m * l * c, mul(square(w2), s)),
      mul(-2 * m * l * c, mul(mul(w2, w1), s)),
      mul((m * c + m * l) * gravity, sin(upper)),
      phi2,
    );
    const ratio = div(d2, d1);
    const turning = total(torque, mul(ratio, phi1), mul(-m * l * c, mul(square(w1), s)), neg(phi2));
    const lowerSpin = div(turning, sub(m * c ** 2 + inertia, mul(d2, ratio)));
    const upperSpin = neg(div(add(mul(d2, lowerSpin), phi1), d1));
    return { upper: w1, lower: w2, upperSpin, lowerSpin };
  };

/** One step of the classical Runge-Kutta method of order 4. */
const rungeKutta = (
  f: (x: AcrobotState) => AcrobotState,
  x: AcrobotState,
  dt: number,
): AcrobotState => {
  const along = (k: AcrobotState, by: number): AcrobotState =>
    zip((a: Expr, b: Expr) => add(a, mul(by, b)), x, k) as AcrobotState;
  const k1 = f(x);
  const k2 = f(along(k1, dt / 2));
  const k3 = f(along(k2, dt / 2));
  const k4 = f(along(k3, dt));
  const mean = zip(
    (a: Expr, b: Expr, c: Expr, d: Expr) => total(a, mul(2, b), mul(2, c), d),
    k1,
    k2,
    k3,
    k4,
  ) as AcrobotState;
  return along(mean, dt / 6);
};

/**
 * Swings the end of two hanging links above the bar, by a torque of -1, 0 or 1 (actions 0, 1, 2) at the joint between them.
 * Observes `[cos θ₁, sin θ₁, cos θ₂, sin θ₂, ω₁, ω₂]`. Every step of 0.2 seconds costs 1 but the last one, which is free.
 * The episode is done where `-cos θ₁ - cos(θ₁ + θ₂) > 1`. All four begin uniformly within ±0.1. The usual time limit is
 * 500 steps.
 *
 * **Math** the equations of the book by one step of Runge-Kutta of order 4; then angles
 * are taken within ±π, and velocities clipped to ±4π and ±9π.
 * **Source** Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding" (1996);
 * Sutton and Barto, "Reinforcement Learning: An Introduction" (1998), section 11.3; time steps as Gym's Acrobot-v1.
 */
export const acrobot = (): Environment<AcrobotState> => ({
  name: "acrobot",
  observation: {
    shape: [6],
    dtype: "f32",
    low: [-1, -1, -1, -1, -fastestUpper, -fastestLower],
    high: [1, 1, 1, 1, fastestUpper, fastestLower],
  },
  actions: { kind: "discrete", count: 3 },
  reset: (key) => {
    const drawn = each(splitKey(key, 4), (k) => drawBetween(k, -0.1, 0.1));
    const [upper, lower, upperSpin, lowerSpin] = drawn;
    const state = { upper, lower, upperSpin, lowerSpin };
    return { state, observation: observe(state) };
  },
  step: (before, action) => {
    const moved = rungeKutta(motion(meaning([-1, 0, 1], action)), before, seconds);
    const state = {
      upper: wrapped(moved.upper),
      lower: wrapped(moved.lower),
      upperSpin: clip(moved.upperSpin, -fastestUpper, fastestUpper),
      lowerSpin: clip(moved.lowerSpin, -fastestLower, fastestLower),
    };
    const height = neg(add(cos(state.upper), cos(add(state.upper, state.lower))));
    const done = gt(height, 1);
    return {
      state,
      observation: observe(state),
      reward: where(done, 0, -1),
      done,
      truncated: never(),
    };
  },
});
