import { describe, expect, it } from "vitest";
import {
  acrobot,
  cartPole,
  type Environment,
  mountainCar,
  pendulum,
} from "../../../src/learn/environments/index.ts";
import { drawn, type Numbers, type Played, played } from "./playing.ts";

/** One step as published, in plain f64. */
interface Published {
  readonly after: Numbers;
  readonly observation: readonly number[];
  readonly reward: number;
  readonly done: boolean;
}
type Equations = (state: never, action: number) => Published;

const clamp = (x: number, bound: number) => Math.min(bound, Math.max(-bound, x));
const turned = (x: number) => Math.atan2(Math.sin(x), Math.cos(x));

/** Barto, Sutton and Anderson (1983), appendix, without friction, with g > 0. */
const cartPoleEquations = (
  { x, v, angle, spin }: Record<"x" | "v" | "angle" | "spin", number>,
  action: number,
): Published => {
  const [g, mc, mp, l, dt] = [9.8, 1.0, 0.1, 0.5, 0.02];
  const F = action === 1 ? 10 : -10;
  const inner = (-F - mp * l * spin ** 2 * Math.sin(angle)) / (mc + mp);
  const angular =
    (g * Math.sin(angle) + Math.cos(angle) * inner) /
    (l * (4 / 3 - (mp * Math.cos(angle) ** 2) / (mc + mp)));
  const linear =
    (F + mp * l * (spin ** 2 * Math.sin(angle) - angular * Math.cos(angle))) / (mc + mp);
  const after = {
    ...{ x: x + dt * v, v: v + dt * linear },
    ...{ angle: angle + dt * spin, spin: spin + dt * angular },
  };
  const done = Math.abs(after.x) > 2.4 || Math.abs(after.angle) > (12 * 2 * Math.PI) / 360;
  return { after, observation: [after.x, after.v, after.angle, after.spin], reward: 1, done };
};

/** Singh and Sutton (1996). */
const mountainCarEquations = ({ x, v }: Record<"x" | "v", number>, action: number): Published => {
  const pushed = clamp(v + 0.001 * (action - 1) - 0.0025 * Math.cos(3 * x), 0.07);
  const place = Math.min(0.6, Math.max(-1.2, x + pushed));
  const after = { x: place, v: place === -1.2 && pushed < 0 ? 0 : pushed };
  const done = after.x >= 0.5 && after.v >= 0;
  return { after, observation: [after.x, after.v], reward: -1, done };
};

/** The rod of length 1 and mass 1 (I = m l² / 3, gravity at its middle), with g = 10. */
const pendulumEquations = (
  { angle, spin }: Record<"angle" | "spin", number>,
  action: number,
): Published => {
  const u = clamp(action, 2);
  const momentum = 10 * 0.5 * Math.sin(angle) + u;
  const faster = clamp(spin + 0.05 * (momentum / (1 / 3)), 8);
  const next = angle + 0.05 * faster;
  return {
    after: { angle: turned(next), spin: faster },
    observation: [Math.cos(next), Math.sin(next), faster],
    reward: -(turned(angle) ** 2 + 0.1 * spin ** 2 + 0.001 * u ** 2),
    done: false,
  };
};

type Arms = Record<"upper" | "lower" | "upperSpin" | "lowerSpin", number>;

/** Sutton and Barto (1998), section 11.3, integrated by Runge-Kutta of order 4 over 0.2 seconds. */
const acrobotEquations = (state: Arms, action: number): Published => {
  const [g, l1, lc1, lc2, m1, m2, I1, I2, dt] = [9.8, 1, 0.5, 0.5, 1, 1, 1, 1, 0.2];
  const tau = action - 1;
  type Four = readonly [number, number, number, number];
  const slope = ([a, b, wa, wb]: Four): Four => {
    const d1 = m1 * lc1 ** 2 + m2 * (l1 ** 2 + lc2 ** 2 + 2 * l1 * lc2 * Math.cos(b)) + I1 + I2;
    const d2 = m2 * (lc2 ** 2 + l1 * lc2 * Math.cos(b)) + I2;
    const p2 = m2 * lc2 * g * Math.cos(a + b - Math.PI / 2);
    const p1 =
      -m2 * l1 * lc2 * wb ** 2 * Math.sin(b) -
      2 * m2 * l1 * lc2 * wb * wa * Math.sin(b) +
      (m1 * lc1 + m2 * l1) * g * Math.cos(a - Math.PI / 2) +
      p2;
    const ab =
      (tau + (d2 / d1) * p1 - m2 * l1 * lc2 * wa ** 2 * Math.sin(b) - p2) /
      (m2 * lc2 ** 2 + I2 - d2 ** 2 / d1);
    return [wa, wb, -(d2 * ab + p1) / d1, ab];
  };
  const y: Four = [state.upper, state.lower, state.upperSpin, state.lowerSpin];
  const to = (k: Four, h: number): Four => [
    ...([y[0] + h * k[0], y[1] + h * k[1]] as const),
    ...([y[2] + h * k[2], y[3] + h * k[3]] as const),
  ];
  const k1 = slope(y);
  const k2 = slope(to(k1, dt / 2));
  const k3 = slope(to(k2, dt / 2));
  const k4 = slope(to(k3, dt));
  const mean = (i: 0 | 1 | 2 | 3) => (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) / 6;
  const [a, b, wa, wb] = to([mean(0), mean(1), mean(2), mean(3)], dt);
  const [upperSpin, lowerSpin] = [clamp(wa, 4 * Math.PI), clamp(wb, 9 * Math.PI)];
  const done = -Math.cos(a) - Math.cos(a + b) > 1;
  return {
    after: { upper: turned(a), lower: turned(b), upperSpin, lowerSpin },
    observation: [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), upperSpin, lowerSpin],
    reward: done ? 0 : -1,
    done,
  };
};

/** The largest difference of a step from the published one, relative to numbers above 1. */
const error = (step: Played, wanted: Published): number => {
  const gap = (a: number, b: number) => Math.abs(a - b) / Math.max(1, Math.abs(b));
  const gaps = [
    ...step.observation.map((x, i) => gap(x, wanted.observation[i] as number)),
    ...Object.entries(step.after).map(([name, x]) => {
      const y = wanted.after[name] as number;
      // Angles that differ by a whole turn are equal.
      return Math.min(gap(x, y), gap(Math.abs(x - y), 2 * Math.PI) + gap(Math.abs(y), Math.PI));
    }),
    gap(step.reward, wanted.reward),
  ];
  return gaps.reduce((a, b) => Math.max(a, b), 0);
};

const count = 400;
const choices = (of: number) => drawn(count).map((u) => Math.floor(u * of));
const cases: readonly {
  readonly environment: Environment;
  readonly equations: Equations;
  readonly start: Numbers;
  readonly actions: readonly number[];
}[] = [
  {
    environment: cartPole(),
    equations: cartPoleEquations,
    start: { x: 0.01, v: -0.02, angle: 0.03, spin: 0.04 },
    actions: choices(2),
  },
  {
    environment: mountainCar(),
    equations: mountainCarEquations,
    start: { x: 0.2, v: 0.04 },
    // To the goal, then to the left end, then at random.
    actions: choices(3).map((a, i) => (i < 50 ? 2 : i < 150 ? 0 : a)),
  },
  {
    environment: pendulum(),
    equations: pendulumEquations,
    start: { angle: 3, spin: 0.5 },
    actions: drawn(count).map((u) => 6 * u - 3),
  },
  {
    environment: acrobot(),
    equations: acrobotEquations,
    start: { upper: 2.4, lower: 0.2, upperSpin: 0.5, lowerSpin: -0.5 },
    actions: choices(3),
  },
];

describe.each(cases)("$environment.name", ({ environment, equations, start, actions }) => {
  const steps = played(environment, start, actions);

  it("follows the published equations from every state of a game of 400 steps", () => {
    for (const step of steps)
      expect(error(step, equations(step.before as never, step.action))).toBeLessThan(5e-6);
  });

  it("is done where the published bounds say so, and never truncated by itself", () => {
    const wanted = steps.map((s) => equations(s.before as never, s.action).done);
    expect(steps.map(({ done }) => done)).toEqual(wanted);
    expect(new Set(wanted).size).toBe(environment.name === "pendulum" ? 1 : 2);
    expect(steps.some(({ truncated }) => truncated)).toBe(false);
  });

  it("stays near a game that is computed in f64 throughout", () => {
    let state = start;
    // Not longer, since errors grow exponentially.
    for (const step of steps.slice(0, 40)) {
      const wanted = equations(state as never, step.action);
      expect(error(step, wanted)).toBeLessThan(1e-3);
      state = wanted.after;
    }
  });
});

describe("first steps by hand", () => {
  it("of a cart that is pushed to the right from rest", () => {
    // s = 10 / 1.1, ω̇ = -s / (0.5 (4/3 - 1/11)) = -600/41, v̇ = s + 0.05/1.1 · 600/41 = 400/41.
    const [step] = played(cartPole(), { x: 0, v: 0, angle: 0, spin: 0 }, [1]);
    expect(step?.after.v).toBeCloseTo((0.02 * 400) / 41, 6);
    expect(step?.after.spin).toBeCloseTo((-0.02 * 600) / 41, 6);
    expect(step?.after).toMatchObject({ x: 0, angle: 0 });
  });

  it("of a car where the slope is 1, and at the left end, which stops it", () => {
    const [still, stopped] = [played(mountainCar(), { x: 0, v: 0 }, [1])].concat([
      played(mountainCar(), { x: -1.19, v: -0.06 }, [0]),
    ]);
    expect(still?.[0]?.after.v).toBeCloseTo(-0.0025, 8);
    expect(stopped?.[0]?.after).toEqual({ x: Math.fround(-1.2), v: 0 });
  });

  it("of a pendulum that is level, with the greatest torque", () => {
    const [step] = played(pendulum(), { angle: Math.PI / 2, spin: 0 }, [5]);
    // ω = (15 + 3 · 2) · 0.05.
    expect(step?.after.spin).toBeCloseTo(1.05, 6);
    expect(step?.reward).toBeCloseTo(-(Math.PI ** 2 / 4 + 0.004), 6);
  });

  it("of an acrobot that hangs still: without a torque it rests", () => {
    const rest = { upper: 0, lower: 0, upperSpin: 0, lowerSpin: 0 };
    const [step] = played(acrobot(), rest, [1]);
    expect(step?.after).toEqual(rest);
    expect(step).toMatchObject({ reward: -1, done: false });
  });
});

describe("an episode ends exactly at its bound", () => {
  const bound = Math.fround(2.4);
  const beyond = Math.fround(2.4 + 2 ** -22);
  const tilt = Math.fround((12 * Math.PI) / 180);
  const more = Math.fround(tilt + 2 ** -26);
  it.each([
    // It is the place after the step that counts.
    [{ x: 2.39, v: 1, angle: 0, spin: 0 }, true],
    [{ x: 2.41, v: -1, angle: 0, spin: 0 }, false],
    [{ x: 0, v: 0, angle: 0.2, spin: 1 }, true],
    [{ x: 0, v: 0, angle: 0.22, spin: -1 }, false],
    [{ x: bound, v: 0, angle: 0, spin: 0 }, false],
    [{ x: beyond, v: 0, angle: 0, spin: 0 }, true],
    [{ x: -bound, v: 0, angle: 0, spin: 0 }, false],
    [{ x: -beyond, v: 0, angle: 0, spin: 0 }, true],
    [{ x: 0, v: 0, angle: tilt, spin: 0 }, false],
    [{ x: 0, v: 0, angle: more, spin: 0 }, true],
    [{ x: 0, v: 0, angle: -more, spin: 0 }, true],
  ])("of the cart and the pole: %o", (start, done) => {
    expect(played(cartPole(), start, [0])[0]?.done).toBe(done);
  });

  it("of the car, which is at the goal from 0.5 on", () => {
    const at = (x: number) => played(mountainCar(), { x, v: 0.07 }, [2])[0];
    const reached = at(0.5 - 0.07);
    expect(reached?.done).toBe((reached?.after.x ?? 0) >= 0.5);
    expect([at(0.42)?.done, at(0.44)?.done]).toEqual([false, true]);
  });
});

it("an action out of range pushes nothing", () => {
  const start = { x: 0, v: 0, angle: 0, spin: 0 };
  expect(played(cartPole(), start, [-1])[0]?.after).toEqual(start);
  expect(played(cartPole(), start, [2])[0]?.after).toEqual(start);
});
