import { describe, expect, it } from "vitest";
import { noiseFor, type PrivateRun, privacySpent } from "../../src/learn/index.ts";

/** A run on MNIST in batches of 256, as published. */
const mnist = (noise: number, epochs: number): PrivateRun => ({
  noise,
  sampling: 256 / 60_000,
  steps: Math.floor((epochs * 60_000) / 256),
  delta: 1e-5,
});

describe("the privacy that a run spends", () => {
  it.each([
    // The table of TensorFlow Privacy's tutorial on MNIST, which tries fractional orders too.
    [mnist(1.3, 15), 1.19],
    [mnist(1.1, 60), 3.01],
    [mnist(0.7, 45), 7.1],
    // Abadi et al. (2016), figure 2: the moments accountant after 10,000 steps at q = 0.01 and σ = 4.
    [{ noise: 4, sampling: 0.01, steps: 10_000, delta: 1e-5 }, 1.26],
  ])("is the published ε of %o", (run, epsilon) => {
    expect(Math.abs(privacySpent(run) - epsilon)).toBeLessThan(0.03);
  });

  it("of full batches is that of the Gaussian mechanism, by hand", () => {
    // min over α of α / (2·10²) + ln(10⁵) / (α - 1), at α = 49.
    const byHand = 49 / 200 + Math.log(1e5) / 48;
    expect(privacySpent({ noise: 10, sampling: 1, steps: 1, delta: 1e-5 })).toBeCloseTo(byHand, 12);
  });

  it("is nothing without steps, and grows with them and with less noise", () => {
    expect(privacySpent({ ...mnist(1, 1), steps: 0 })).toBe(0);
    const [few, many, loud] = [mnist(1, 1), mnist(1, 2), mnist(2, 1)].map(privacySpent);
    expect(few).toBeLessThan(many as number);
    expect(loud).toBeLessThan(few as number);
  });

  it.each([
    { noise: 0 },
    { noise: Number.NaN },
    { sampling: -0.1 },
    { sampling: 1.1 },
    { steps: 1.5 },
    { steps: -1 },
    { delta: 0 },
    { delta: 1 },
  ])("is not asked for beyond its range: %o", (change) => {
    expect(() => privacySpent({ ...mnist(1, 1), ...change })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: Object.keys(change)[0] }),
    );
  });
});

describe("the noise for an ε", () => {
  it.each([0.5, 1, 3, 8])("spends ε = %d, and a little less would spend more", (epsilon) => {
    const { noise: _, ...run } = mnist(1, 15);
    const noise = noiseFor({ ...run, epsilon });
    expect(privacySpent({ ...run, noise })).toBeLessThanOrEqual(epsilon);
    expect(privacySpent({ ...run, noise: noise * (1 - 1e-5) })).toBeGreaterThan(epsilon);
  });

  it("of full batches is that of the Gaussian mechanism, by hand", () => {
    // ε = 49/200 + ln(10⁵)/48 belongs to a noise of 10, see above.
    const epsilon = 49 / 200 + Math.log(1e5) / 48;
    expect(noiseFor({ epsilon, sampling: 1, steps: 1, delta: 1e-5 })).toBeCloseTo(10, 4);
  });

  it.each([
    // ln(10⁵)/1023 = 0.01125 is what orders up to 1024 can show.
    { epsilon: 0.0112 },
    { epsilon: 0 },
    { epsilon: Number.NaN },
    { epsilon: Number.POSITIVE_INFINITY },
    { steps: 0 },
    { sampling: 0 },
    { delta: 1 },
  ])("is not looked for beyond its range: %o", (change) => {
    const { noise: _, ...run } = mnist(1, 15);
    expect(() => noiseFor({ ...run, epsilon: 1, ...change })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: Object.keys(change)[0] }),
    );
  });
});

it.each([1, 0.1])(
  "noise too small for its square is no privacy, at a sampling of %d",
  (sampling) => {
    const spent = privacySpent({ noise: 1e-200, sampling, steps: 3, delta: 1e-5 });
    expect(spent).toBe(Number.POSITIVE_INFINITY);
  },
);
