import { InvalidArgument } from "../../errors.ts";
import { finite, holding, positive, present, probability, whole } from "../../tensor/validate.ts";

/** A run of differentially private descent, for {@link privacySpent}. */
export interface PrivateRun {
  /** The noise multiplier of `privately`, above 0: the standard deviation in multiples of the clipping norm. */
  readonly noise: number;
  /** The probability with which an example is in a batch: the batch size over the number of examples. */
  readonly sampling: number;
  /** The number of steps. */
  readonly steps: number;
  /** The probability with which the guarantee may fail, well below 1 over the number of examples. */
  readonly delta: number;
}

/** What each part of a run is, for the error of one that is missing. */
const runParts = {
  noise: "the noise of privately, a number above 0",
  sampling: "the batch size over the number of examples",
  steps: "the number of steps",
  delta: "a probability well below 1 over the number of examples",
};

/** `ln(eᵃ + eᵇ)`. */
const logPlus = (a: number, b: number): number => {
  const [high, low] = a > b ? [a, b] : [b, a];
  // Where one of them is infinite, their difference may not be a number.
  return Number.isFinite(low) ? high + Math.log1p(Math.exp(low - high)) : high;
};

/** The Rényi divergence of one step at a whole order of 2 or more. */
const divergence = (order: number, noise: number, sampling: number): number => {
  if (sampling === 1) return order / 2 / noise / noise;
  let [sum, logBinomial] = [Number.NEGATIVE_INFINITY, 0];
  for (let k = 0; k <= order; k++) {
    const term =
      logBinomial +
      k * Math.log(sampling) +
      (order - k) * Math.log1p(-sampling) +
      (k * (k - 1)) / 2 / noise / noise;
    sum = logPlus(sum, term);
    logBinomial += Math.log(order - k) - Math.log(k + 1);
  }
  return sum / (order - 1);
};

/** The orders to minimize over: all small ones, where most runs have their minimum, and some large ones. */
const orders: readonly number[] = [
  ...Array.from({ length: 63 }, (_, i) => i + 2),
  ...[80, 96, 128, 192, 256, 512, 1024],
];

const share = holding("a number above 0 and below 1", (n) => n > 0 && n < 1);

/**
 * The privacy that a run of `privately` spends: the ε of (ε, δ)-differential privacy. It assumes that every example is in
 * a batch independently with the given probability, as `poissonSampled` draws them.
 *
 * A run that shuffles its examples instead has no proof of this guarantee.
 *
 * **Math** `ε = min over α of T·D_α + ln(1/δ) / (α - 1)`, where `D_α` is the Rényi divergence of one step at order α,
 * `ln(Σₖ C(α, k) (1 - q)^(α - k) qᵏ exp(k(k - 1) / (2σ²))) / (α - 1)`, over whole α from 2 to 1024.
 * **Fails with** `InvalidArgument`, thrown, where `noise` is not a finite number above 0, `sampling` not from 0 to 1, `steps` not a whole
 * number, or `delta` not between 0 and 1.
 * **Source** Mironov, Talwar and Zhang, "Rényi differential privacy of the sampled Gaussian mechanism" (2019),
 * arXiv:1908.10530, section 3.3; Mironov (2017), arXiv:1702.07476, proposition 3.
 *
 * @example
 * ```ts
 * import { privacySpent } from "fluxion/learn";
 * const epsilon = privacySpent({ noise: 1.1, sampling: 256 / 60_000, steps: 60 * 234, delta: 1e-5 });
 * epsilon.toFixed(1) // => "3.0"
 * ```
 */
export const privacySpent = (run: PrivateRun): number => {
  present("privacySpent", run, runParts);
  const { noise, sampling, steps, delta } = run;
  positive("privacySpent", { noise });
  finite("privacySpent", { noise });
  probability("privacySpent", { sampling });
  whole(0)("privacySpent", { steps });
  share("privacySpent", { delta });
  if (steps === 0 || sampling === 0) return 0;
  const spent = orders.map(
    (order) => steps * divergence(order, noise, sampling) + Math.log(1 / delta) / (order - 1),
  );
  return spent.reduce((a, b) => Math.min(a, b));
};

/** The noise multipliers among which {@link noiseFor} looks. */
const [least, most] = [2 ** -10, 2 ** 40];

/**
 * The least noise multiplier with which a run of `privately` spends no more than `epsilon`, to one part in 10⁶.
 *
 * **Math** the root of `privacySpent(σ) = ε` by bisection: more noise never spends more.
 * **Fails with** `InvalidArgument`, thrown, as {@link privacySpent}; where `sampling` or `steps` is 0, since such a run
 * needs no noise; where `epsilon` is out of reach of all noise multipliers from 2⁻¹⁰ to 2⁴⁰. It is then below about
 * `ln(1/δ) / 1023`, the least that this analysis can show, or so large that it protects nothing.
 *
 * @example
 * ```ts
 * import { noiseFor, privacySpent } from "fluxion/learn";
 * const run = { sampling: 256 / 60_000, steps: 60 * 234, delta: 1e-5 };
 * const noise = noiseFor({ ...run, epsilon: 3 });
 * noise.toFixed(2) // => "1.10"
 * privacySpent({ ...run, noise }) <= 3 // => true
 * ```
 */
export const noiseFor = (
  options: Omit<PrivateRun, "noise"> & { readonly epsilon: number },
): number => {
  const { noise: _, ...parts } = runParts;
  present("noiseFor", options, { epsilon: "a number above 0", ...parts });
  const { epsilon, ...run } = options;
  positive("noiseFor", { epsilon, sampling: run.sampling });
  whole(1)("noiseFor", { steps: run.steps });
  const spent = (noise: number): number => privacySpent({ ...run, noise });
  const [lowest, highest] = [spent(most), spent(least)];
  if (!(epsilon >= lowest && epsilon <= highest))
    throw new InvalidArgument({
      op: "noiseFor",
      argument: "epsilon",
      expected: `a number from ${lowest} to ${highest}, between which noise can choose in this run`,
      actual: String(epsilon),
    });
  let [low, high] = [least, most];
  while (high > low * (1 + 1e-6)) {
    const middle = Math.sqrt(low * high);
    if (spent(middle) <= epsilon) high = middle;
    else low = middle;
  }
  return high;
};
