/**
 * Sequence layers as loops over numbers, written from the papers. They use nothing of the framework, so they give known
 * values that are too long to compute by hand.
 */

export type Vector = readonly number[];
export type Matrix = readonly Vector[];

const sum = (xs: Vector): number => xs.reduce((a, b) => a + b, 0);
const inner = (a: Vector, b: Vector): number => sum(a.map((x, i) => x * (b[i] as number)));
export const plus = (a: Vector, b: Vector): Vector => a.map((x, i) => x + (b[i] as number));
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** `xW + b`, with W of inputs by outputs. */
export const affinely = (x: Vector, w: Matrix, b: Vector): Vector =>
  b.map((offset, o) => offset + sum(x.map((v, i) => v * (w[i]?.[o] as number))));

export const softmax = (xs: Vector): Vector => {
  const top = Math.max(
    xs[0] as number,
    xs.reduce((a, b) => Math.max(a, b)),
  );
  const e = xs.map((x) => Math.exp(x - top));
  return e.map((x) => x / sum(e));
};

/** Normalizes to mean 0 and variance 1, then returns `γ x + β`. */
export const normalized = (x: Vector, gamma: Vector, beta: Vector, epsilon: number): Vector => {
  const mean = sum(x) / x.length;
  const variance = sum(x.map((v) => (v - mean) ** 2)) / x.length;
  return x.map(
    (v, i) =>
      ((gamma[i] as number) * (v - mean)) / Math.sqrt(variance + epsilon) + (beta[i] as number),
  );
};

/**
 * One attention head: for each query, the mean of the values weighted by the softmax of `q·k/√d` over the visible
 * positions.
 */
export const attended = (
  q: Matrix,
  k: Matrix,
  v: Matrix,
  sees: (query: number, place: number) => boolean = () => true,
): Matrix =>
  q.map((query, t) => {
    const places = k.map((_, s) => s).filter((s) => sees(t, s));
    const weights = softmax(
      places.map((s) => inner(query, k[s] as Vector) / Math.sqrt(query.length)),
    );
    return (v[0] as Vector).map((_, i) =>
      sum(places.map((s, n) => (weights[n] as number) * (v[s]?.[i] as number))),
    );
  });

/** The outputs of a cell over a sequence, from a state of zeros. */
const over = (
  x: Matrix,
  start: readonly Vector[],
  step: (state: readonly Vector[], x: Vector) => readonly Vector[],
): Matrix => {
  let state = start;
  return x.map((moment) => {
    state = step(state, moment);
    return state[0] as Vector;
  });
};

/** The matrices and offsets of a recurrence; those of its gates are side by side. */
export interface Gates {
  readonly inputWeight: Matrix;
  readonly hiddenWeight: Matrix;
  readonly inputBias: Vector;
  readonly hiddenBias: Vector;
}

const part = (x: Vector, n: number, gates: number): Vector =>
  x.slice((n * x.length) / gates, ((n + 1) * x.length) / gates);

/** The simple recurrence of Elman (1990). */
export const elman = (x: Matrix, g: Gates, f: (x: number) => number = Math.tanh): Matrix =>
  over(x, [g.hiddenWeight.map(() => 0)], ([h = []], now) => [
    plus(affinely(now, g.inputWeight, g.inputBias), affinely(h, g.hiddenWeight, g.hiddenBias)).map(
      f,
    ),
  ]);

/** The LSTM of Hochreiter and Schmidhuber (1997) with a forget gate. Gates i, f, g, o. */
export const longShort = (x: Matrix, w: Gates): Matrix => {
  const zeros = w.hiddenWeight.map(() => 0);
  return over(x, [zeros, zeros], ([h = [], c = []], now) => {
    const z = plus(
      affinely(now, w.inputWeight, w.inputBias),
      affinely(h, w.hiddenWeight, w.hiddenBias),
    );
    const [i = [], f = [], o = []] = [0, 1, 3].map((n) => part(z, n, 4).map(sigmoid));
    const g = part(z, 2, 4).map(Math.tanh);
    const memory = c.map((v, n) => (f[n] as number) * v + (i[n] as number) * (g[n] as number));
    return [memory.map((m, n) => (o[n] as number) * Math.tanh(m)), memory];
  });
};

/** The GRU of Cho et al. (2014), with the reset gate after the product. Gates r, z, n. */
export const gated = (x: Matrix, w: Gates): Matrix =>
  over(x, [w.hiddenWeight.map(() => 0)], ([h = []], now) => {
    const a = affinely(now, w.inputWeight, w.inputBias);
    const b = affinely(h, w.hiddenWeight, w.hiddenBias);
    const [r = [], z = []] = [0, 1].map((n) => plus(part(a, n, 3), part(b, n, 3)).map(sigmoid));
    const [an, bn] = [part(a, 2, 3), part(b, 2, 3)];
    return [
      h.map((v, i) => {
        const candidate = Math.tanh((an[i] as number) + (r[i] as number) * (bn[i] as number));
        return (1 - (z[i] as number)) * candidate + (z[i] as number) * v;
      }),
    ];
  });
