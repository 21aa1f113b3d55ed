import type { Expr } from "../../ir/expr.ts";
import { abs, add, cos, div, gt, mul, or, sin, square, sub } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { splitKey } from "../../ir/ops/random.ts";
import { each } from "../../tensor/list.ts";
import { drawBetween, type Environment, meaning, never, observed } from "./environment.ts";

/** The state of {@link cartPole}, in f32 scalars. */
export interface CartPoleState {
  /** The place of the cart in meters. */
  readonly x: Expr;
  /** Its velocity in meters per second. */
  readonly v: Expr;
  /** The angle of the pole in radians; 0 is upright. */
  readonly angle: Expr;
  /** Its angular velocity in radians per second. */
  readonly spin: Expr;
}

const gravity = 9.8;
const cart = 1;
const pole = 0.1;
/** Half the length of the pole in meters. */
const half = 0.5;
const force = 10;
const tau = 0.02;
const edge = 2.4;
const fall = (12 * Math.PI) / 180;
const total = cart + pole;

const observe = ({ x, v, angle, spin }: CartPoleState): Expr => observed(x, v, angle, spin);

/**
 * Balances a pole on a cart by pushing it to the left (0) or right (1). Observes `[x, v, angle, spin]`. A step is 0.02
 * seconds and earns 1, the last one too. The episode is done when the cart is more than 2.4 m from the middle, or the pole
 * more than 12° from upright. All four begin uniformly within ±0.05. The usual time limit is 500 steps.
 *
 * **Math** without friction, by Euler's method with the accelerations of the state before the step:
 * `s = (F + m l ω² sin θ) / M`, `ω̇ = (g sin θ - s cos θ) / (l (4/3 - m cos² θ / M))`, `v̇ = s - m l ω̇ cos θ / M`.
 * **Source** Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control
 * problems" (1983), IEEE Transactions on Systems, Man, and Cybernetics 13(5); bounds and time limit as Gym's CartPole-v1.
 */
export const cartPole = (): Environment<CartPoleState> => ({
  name: "cartPole",
  observation: {
    shape: [4],
    dtype: "f32",
    // A step beyond the bound ends the episode.
    low: [-2 * edge, Number.NEGATIVE_INFINITY, -2 * fall, Number.NEGATIVE_INFINITY],
    high: [2 * edge, Number.POSITIVE_INFINITY, 2 * fall, Number.POSITIVE_INFINITY],
  },
  actions: { kind: "discrete", count: 2 },
  reset: (key) => {
    const [x, v, angle, spin] = each(splitKey(key, 4), (k) => drawBetween(k, -0.05, 0.05));
    const state = { x, v, angle, spin };
    return { state, observation: observe(state) };
  },
  step: ({ x, v, angle, spin }, action) => {
    const push = meaning([-force, force], action);
    const [s, c] = [sin(angle), cos(angle)];
    const pushed = div(add(push, mul(pole * half, mul(square(spin), s))), total);
    const spinning = div(
      sub(mul(gravity, s), mul(c, pushed)),
      mul(half, sub(4 / 3, mul(pole / total, square(c)))),
    );
    const moving = sub(pushed, mul((pole * half) / total, mul(spinning, c)));
    const state = {
      x: add(x, mul(tau, v)),
      v: add(v, mul(tau, moving)),
      angle: add(angle, mul(tau, spin)),
      spin: add(spin, mul(tau, spinning)),
    };
    return {
      state,
      observation: observe(state),
      reward: fill([], 1, "f32"),
      done: or(gt(abs(state.x), edge), gt(abs(state.angle), fall)),
      truncated: never(),
    };
  },
});
