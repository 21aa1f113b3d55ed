import { foldIn, key, normal } from "../../src/tensor/key.ts";
import { curvature } from "./basin.ts";
import { inverseRoot, type Matrix, orthogonalized, times, transposed } from "./plainMatrices.ts";

/** Published algorithms in plain numbers, written from their papers. */

export type Vector = readonly number[];

/** A step from nine params and their gradient to the next params: a closure with a memory of its own. */
export type Step = (p: Vector, g: Vector, t: number) => Vector;

/** Combines vectors element by element. */
const each = <V extends readonly Vector[]>(
  f: (...xs: { readonly [K in keyof V]: number }) => number,
  ...vectors: V
): Vector => (vectors[0] as Vector).map((_, i) => f(...(vectors.map((v) => v[i]) as never)));

const zero = (): Vector => new Array<number>(9).fill(0);
const norm = (x: Vector): number => Math.sqrt(x.reduce((total, v) => total + v * v, 0));
const rms = (x: Vector): number => norm(x) / Math.sqrt(x.length);

/** The two tensors among nine numbers, one after the other. */
const byTensor =
  (f: (...parts: readonly Vector[]) => Vector) =>
  (...vectors: readonly Vector[]): Vector => [
    ...f(...vectors.map((v) => v.slice(0, 3))),
    ...f(...vectors.map((v) => v.slice(3))),
  ];

const asMatrix = (x: Vector): Matrix => [x.slice(0, 3), x.slice(3)];

/** A mean that remembers: `βm + (1-β)x`. */
const mean = (beta: number) => {
  let m = zero();
  return (x: Vector): Vector => {
    m = each((old, now) => beta * old + (1 - beta) * now, m, x);
    return m;
  };
};

interface Rates {
  readonly rate: number;
  readonly decay: number;
}

/** You et al. (2019), algorithm 2. */
export const lamb = ({ rate, decay }: Rates): Step => {
  const [first, second] = [mean(0.9), mean(0.999)];
  return (p, g, t) => {
    const m = first(g).map((x) => x / (1 - 0.9 ** t));
    const v = second(each((x) => x * x, g)).map((x) => x / (1 - 0.999 ** t));
    const r = each((x, y, w) => x / (Math.sqrt(y) + 1e-6) + decay * w, m, v, p);
    return byTensor((w = [], s = []) => each((x, y) => x - ((rate * norm(w)) / norm(s)) * y, w, s))(
      p,
      r,
    );
  };
};

/** You, Gitman and Ginsburg (2017), algorithm 1. */
export const lars = ({ rate, decay }: Rates): Step => {
  let velocity = zero();
  return (p, g) => {
    velocity = byTensor((w = [], d = [], v = []) => {
      const local = (0.02 * norm(w)) / (norm(d) + decay * norm(w));
      return each((x, y, z) => 0.9 * z + rate * local * (y + decay * x), w, d, v);
    })(p, g, velocity);
    return each((x, v) => x - v, p, velocity);
  };
};

/** Shazeer and Stern (2018), algorithms 4 to 6, with sums of rows and columns as there. */
export const adafactor = (): Step => {
  let [rows, columns, vector]: Vector[] = [
    [0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  return (p, g, t) => {
    const beta = 1 - t ** -0.8;
    const kept = (old: Vector, now: Vector): Vector =>
      each((x, y) => beta * x + (1 - beta) * y, old, now);
    const squares = g.map((x) => x * x + 1e-30);
    const matrix = asMatrix(squares.slice(3));
    const sumOf = (x: Vector): number => x.reduce((s, v) => s + v, 0);
    rows = kept(rows as Vector, matrix.map(sumOf));
    columns = kept(columns as Vector, transposed(matrix).map(sumOf));
    vector = kept(vector as Vector, squares.slice(0, 3));
    const all = sumOf(rows);
    const v = [
      ...vector,
      ...rows.flatMap((r) => (columns as Vector).map((column) => (r * column) / all)),
    ];
    const u = each((x, y) => x / Math.sqrt(y), g, v);
    return byTensor((w = [], d = []) => {
      const rate = Math.max(1e-3, rms(w)) * Math.min(1e-2, 1 / Math.sqrt(t));
      const clipped = Math.max(1, rms(d) / 1);
      return each((x, y) => x - (rate * y) / clipped, w, d);
    })(p, u);
  };
};

/** Zhuang et al. (2020), algorithm 2, with decoupled decay. */
export const adabelief = ({ rate, decay }: Rates): Step => {
  const first = mean(0.9);
  let s = zero();
  return (p, g, t) => {
    const m = first(g);
    s = each((old, x, y) => 0.999 * old + 0.001 * (x - y) ** 2 + 1e-16, s, g, m);
    const step = (x: number, y: number): number =>
      x / (1 - 0.9 ** t) / (Math.sqrt(y / (1 - 0.999 ** t)) + 1e-16);
    return each((w, x, y) => w - rate * (step(x, y) + decay * w), p, m, s);
  };
};

/** Zaheer et al. (2018), algorithm 2, with Adam's corrections as in the authors' code, and decoupled decay. */
export const yogi = ({ rate, decay }: Rates): Step => {
  const first = mean(0.9);
  let v = zero();
  return (p, g, t) => {
    const m = first(g);
    v = each((old, x) => old - 0.001 * Math.sign(old - x * x) * x * x, v, g);
    const step = (x: number, y: number): number =>
      x / (1 - 0.9 ** t) / (Math.sqrt(y / (1 - 0.999 ** t)) + 1e-3);
    return each((w, x, y) => w - rate * (step(x, y) + decay * w), p, m, v);
  };
};

/** Xie et al. (2022), algorithm 1, with the corrections of the authors' code. The paper's β is 1 - β here. */
export const adan = ({ rate, decay }: Rates): Step => {
  const [first, turning, second] = [mean(0.98), mean(0.92), mean(0.99)];
  let before: Vector | undefined;
  return (p, g, t) => {
    const change = each((x, y) => x - y, g, before ?? g);
    before = g;
    const m = first(g).map((x) => x / (1 - 0.98 ** t));
    const v = turning(change).map((x) => x / (1 - 0.92 ** t));
    const n = second(each((x, d) => (x + 0.92 * d) ** 2, g, change)).map(
      (x) => x / (1 - 0.99 ** t),
    );
    const moved = each(
      (w, x, y, z) => w - (rate * (x + 0.92 * y)) / (Math.sqrt(z) + 1e-8),
      ...([p, m, v, n] as const),
    );
    return moved.map((w) => w / (1 + rate * decay));
  };
};

/** Liu et al. (2023), algorithms 1 and 3, with the random vectors of the optimizer's key. */
export const sophia = ({ rate, decay }: Rates): Step => {
  const first = mean(0.96);
  let h = zero();
  return (p, g, t) => {
    const m = first(g);
    if (t % 4 === 1) {
      const random = foldIn(key(7), t - 1);
      const [b, w] = [
        normal(foldIn(random, 0), [3], { dtype: "f64" }),
        normal(foldIn(random, 1), [2, 3], { dtype: "f64" }),
      ];
      const u = [...b.toTypedArray(), ...w.toTypedArray()];
      h = each((old, x, y) => 0.99 * old + 0.01 * x * y, h, u, curvature(p, u));
    }
    const decayed = p.map((x) => x - rate * decay * x);
    const clip = (x: number): number => Math.min(1, Math.max(-1, x));
    return each((w, x, y) => w - rate * clip(x / Math.max(0.05 * y, 1e-12)), decayed, m, h);
  };
};

/** The three sequences of Defazio et al. (2024): gradients are taken at `y`, which are the params. */
const free = (
  beta: number,
  step: (y: Vector, g: Vector, t: number) => readonly [move: Vector, rate: number],
): Step => {
  let [z, x]: (Vector | undefined)[] = [undefined, undefined];
  let weights = 0;
  return (y, g, t) => {
    const [move, rate] = step(y, g, t);
    weights += rate * rate;
    const part = (rate * rate) / weights;
    z = each((at, by) => at - by, z ?? y, move);
    x = each((average, at) => (1 - part) * average + part * at, x ?? y, z);
    return each((at, average) => (1 - beta) * at + beta * average, z, x);
  };
};

/** Defazio et al. (2024), equations 4 to 6. */
export const scheduleFreeSgd = ({ rate, decay }: Rates): Step =>
  free(0.9, (y, g) => [each((w, d) => rate * (d + decay * w), y, g), rate]);

/** Defazio et al. (2024), algorithm 1, without warmup. */
export const scheduleFreeAdamw = ({ rate, decay }: Rates): Step => {
  const second = mean(0.999);
  return free(0.9, (y, g, t) => {
    const v = second(each((x) => x * x, g));
    const now = rate * Math.sqrt(1 - 0.999 ** t);
    const move = each((w, x, s) => now * (x / (Math.sqrt(s) + 1e-8) + decay * w), y, g, v);
    return [move, now];
  });
};

/** Mishchenko and Defazio (2023), algorithm 4, with decoupled decay. */
export const prodigy = (rate: number, decay: number, distance: number): Step => {
  let [d, r] = [distance, 0];
  let [m, v, s] = [zero(), zero(), zero()];
  let first: Vector | undefined;
  return (p, g) => {
    first ??= p;
    m = each((old, x) => 0.9 * old + 0.1 * d * x, m, g);
    v = each((old, x) => 0.999 * old + 0.001 * d * d * x * x, v, g);
    const slow = Math.sqrt(0.999);
    const along = each((x, from, now) => x * (from - now), g, first, p).reduce((a, b) => a + b, 0);
    r = slow * r + (1 - slow) * rate * d * d * along;
    s = each((old, x) => slow * old + (1 - slow) * rate * d * d * x, s, g);
    const next = each(
      (w, x, y) => w - rate * d * (x / (Math.sqrt(y) + d * 1e-8) + decay * w),
      ...([p, m, v] as const),
    );
    d = Math.max(d, r / s.reduce((total, x) => total + Math.abs(x), 0));
    return next;
  };
};

/** Jordan et al. (2024): the matrix by momentum that is orthogonalized, and the vector by Adam. */
export const muon = ({ rate, decay }: Rates): Step => {
  let velocity = zero();
  const [first, second] = [mean(0.9), mean(0.999)];
  return (p, g, t) => {
    velocity = each((v, x) => 0.95 * v + x, velocity, g);
    const ahead = each((v, x) => x + 0.95 * v, velocity, g).slice(3);
    const wide = Math.sqrt(Math.max(1, 3 / 2));
    const turned = orthogonalized(asMatrix(ahead), 5)
      .flat()
      .map((x) => wide * x);
    const m = first(g).map((x) => x / (1 - 0.9 ** t));
    const v = second(each((x) => x * x, g)).map((x) => x / (1 - 0.999 ** t));
    const adam = each((x, y) => x / (Math.sqrt(y) + 1e-8), m, v).slice(0, 3);
    return each((w, x) => w - rate * (x + decay * w), p, [...adam, ...turned]);
  };
};

/** Gupta, Koren and Singer (2018), algorithm 1 for the matrix and 2 for the vector, with momentum. */
export const shampoo = ({ rate, decay }: Rates): Step => {
  const identity = (n: number): Matrix =>
    Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_j, j) => (i === j ? 1e-4 : 0)));
  const plus = (x: Matrix, y: Matrix): Matrix =>
    x.map((row, i) => each((p, q) => p + q, row, y[i] as Vector));
  let [left, right, vector] = [identity(2), identity(3), identity(3)];
  let velocity = zero();
  return (p, given) => {
    const g = each((x, w) => x + decay * w, given, p);
    const [one, matrix] = [g.slice(0, 3), asMatrix(g.slice(3))];
    const column = transposed([one]);
    vector = plus(vector, times(column, [one]));
    left = plus(left, times(matrix, transposed(matrix)));
    right = plus(right, times(transposed(matrix), matrix));
    const made = [
      ...times(inverseRoot(vector, 2), column).flat(),
      ...times(times(inverseRoot(left, 4), matrix), inverseRoot(right, 4)).flat(),
    ];
    velocity = each((v, x) => 0.9 * v + x, velocity, made);
    return each((w, v) => w - rate * v, p, velocity);
  };
};

/** Gradient descent of gradients that another step has changed. */
const descending =
  (rate: number, change: (p: Vector, g: Vector) => Vector): Step =>
  (p, g) =>
    each((w, x) => w - rate * x, p, change(p, g));

/** Zhang et al. (2019), algorithm 1, around gradient descent with momentum. */
export const lookahead = (rate: number): Step => {
  let velocity = zero();
  let slow: Vector | undefined;
  return (p, g, t) => {
    slow ??= p;
    velocity = each((v, x) => 0.9 * v + x, velocity, g);
    const fast = each((w, v) => w - rate * v, p, velocity);
    if (t % 4 !== 0) return fast;
    slow = each((s, f) => s + 0.5 * (f - s), slow, fast);
    return slow;
  };
};

/** Yong et al. (2020), equation 1: the inputs of an output are a column. */
export const centralized = (rate: number): Step =>
  descending(rate, (_, g) => {
    const matrix = asMatrix(g.slice(3));
    const means = transposed(matrix).map((column) => column.reduce((s, x) => s + x, 0) / 2);
    return [...g.slice(0, 3), ...matrix.flatMap((row) => each((x, m) => x - m, row, means))];
  });

/** Brock et al. (2021), equation 3: a column is a unit, and so is the vector. */
export const clippedByUnit = (rate: number, limit: number): Step =>
  descending(rate, (p, g) => {
    const clipped = (w: Vector, d: Vector): Vector => {
      const most = limit * Math.max(norm(w), 1e-3);
      return norm(d) > most ? d.map((x) => (x * most) / norm(d)) : d;
    };
    const [ws, ds] = [p, g].map((x) => transposed(asMatrix(x.slice(3)))) as [Matrix, Matrix];
    const columns = ds.map((d, i) => clipped(ws[i] as Vector, d));
    return [...clipped(p.slice(0, 3), g.slice(0, 3)), ...transposed(columns).flat()];
  });
