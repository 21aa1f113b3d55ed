import type { Roofline } from "../../backend/roofline.ts";
import type { TimedKernel } from "../../backend/wasm/profile.ts";
import { leastOf } from "../../tensor/extremes.ts";

/** A timed kernel, with the least time that the machine allows. */
export interface ProfiledKernel extends TimedKernel {
  readonly floor: Roofline;
}

/** What was measured of a training step. All times are in seconds. */
export interface StepTimes {
  readonly batchSize: number;
  /** The number of steps of the whole run, where it is known. */
  readonly steps: number | undefined;
  readonly kernels: readonly ProfiledKernel[];
  /** The time of a whole step for each number of threads, one thread first. */
  readonly step: readonly { readonly threads: number; readonly seconds: number }[];
  /** The number of threads that this machine could use. */
  readonly cores: number;
  /** The time of building and compiling the step. */
  readonly compile: number;
  /** The time of making a batch, before the step takes it. */
  readonly data: number;
  /** A step on a larger batch, where the data have that many rows. */
  readonly larger: { readonly batchSize: number; readonly seconds: number } | undefined;
}

/** A change that would make a run faster. */
export interface Advice {
  readonly rule:
    | "FarFromFloor"
    | "Rearranged"
    | "IdleThreads"
    | "SmallBatch"
    | "CompileTime"
    | "SlowData";
  /** The layer, and the kernel where it is one. */
  readonly about: readonly string[];
  readonly reason: string;
  /** Seconds of each step that it saves at most. */
  readonly gain: number;
  /** The gain as a part of a step, with its data and its part of compiling. */
  readonly share: number;
}

type Candidate = Omit<Advice, "share">;

/** The time of a step on the fastest number of threads. */
export const fastest = ({ step }: Pick<StepTimes, "step">): number =>
  leastOf(step.map(({ seconds }) => seconds));

/** The layers of a kernel as one name: where it is in none, what it does there. */
export const layerName = ({ layer, isUpdate }: Pick<TimedKernel, "layer" | "isUpdate">): string =>
  layer.length > 0 ? layer.join(" › ") : isUpdate ? "(update of the state)" : "(outside of layers)";

/** The groups of equal keys, in the order of their first members. */
export const groupedBy = <A>(
  xs: readonly A[],
  key: (x: A) => string,
): readonly (readonly [A, ...A[]])[] => {
  const groups = new Map<string, [A, ...A[]]>();
  for (const x of xs) {
    const group = groups.get(key(x));
    if (group === undefined) groups.set(key(x), [x]);
    else group.push(x);
  }
  return [...groups.values()];
};

const total = (kernels: readonly ProfiledKernel[], of: (k: ProfiledKernel) => number): number =>
  kernels.reduce((sum, kernel) => sum + of(kernel), 0);

/** Whether a kernel only puts numbers elsewhere. */
const rearranges = ({ kind, operations }: ProfiledKernel): boolean =>
  ["copy", "border", "panels"].includes(kind) || (kind === "elementwise" && operations === 0);

/** A kernel that takes longer than this many times its floor is far from it. */
const far = 1.5;

const times = (ratio: number): string => `${ratio.toFixed(1)} times`;
const percent = (share: number): string => `${Math.round(100 * share)} %`;

const farFromFloor = (kernels: readonly ProfiledKernel[]): readonly Candidate[] =>
  groupedBy(
    kernels.filter((kernel) => !rearranges(kernel)),
    (kernel) => `${layerName(kernel)}\n${kernel.name}`,
  ).flatMap((group): readonly Candidate[] => {
    const [seconds, floor] = [total(group, (k) => k.seconds), total(group, (k) => k.floor.seconds)];
    if (seconds <= far * floor) return [];
    const cause = group[0].floor.bound === "operations" ? "arithmetic" : "memory traffic";
    const reason = `takes ${times(seconds / floor)} as long as its ${cause} must`;
    return [
      {
        rule: "FarFromFloor",
        about: [layerName(group[0]), group[0].name],
        reason,
        gain: seconds - floor,
      },
    ];
  });

const rearranged = (kernels: readonly ProfiledKernel[]): readonly Candidate[] =>
  groupedBy(kernels.filter(rearranges), layerName).map((group) => ({
    rule: "Rearranged",
    about: [layerName(group[0])],
    reason: `only rearranges numbers in ${group.length === 1 ? "one kernel" : `${group.length} kernels`}: written or read where they are, they would cost nothing`,
    gain: total(group, (k) => k.seconds),
  }));

/** Threads count as idle where a step takes longer than this many times its time divided among all cores. */
const idle = 1.25;

const idleThreads = (measured: StepTimes): readonly Candidate[] => {
  const { step, cores } = measured;
  const [one] = step;
  if (one === undefined || cores < 2) return [];
  const gain = fastest(measured) - one.seconds / cores;
  if (fastest(measured) <= (idle * one.seconds) / cores) return [];
  const best = step.find(({ seconds }) => seconds === fastest(measured))?.threads ?? 1;
  const reason =
    best === 1
      ? `one thread of ${cores} is fastest: a step has too little work to share; larger batches have more`
      : `${best} threads take ${percent(fastest(measured) / one.seconds)} of the time of one, and could take ${percent(1 / cores)}`;
  return [{ rule: "IdleThreads", about: [], reason, gain }];
};

const smallBatch = (measured: StepTimes): readonly Candidate[] => {
  const { batchSize, larger } = measured;
  if (larger === undefined) return [];
  const seconds = (larger.seconds * batchSize) / larger.batchSize;
  const reason = `an example of a batch of ${larger.batchSize} takes ${percent(seconds / fastest(measured))} of the time of one of ${batchSize}; a larger batch learns differently`;
  return [{ rule: "SmallBatch", about: [], reason, gain: fastest(measured) - seconds }];
};

const compileTime = (measured: StepTimes): readonly Candidate[] => {
  const { compile, steps } = measured;
  if (steps === undefined || steps === 0) return [];
  const run = compile + steps * fastest(measured);
  const reason = `compiling the step is ${percent(compile / run)} of the run of ${steps} steps: a longer run pays for it once`;
  return [{ rule: "CompileTime", about: [], reason, gain: compile / steps }];
};

const slowData = (measured: StepTimes): readonly Candidate[] => [
  {
    rule: "SlowData",
    about: [],
    reason: `a batch takes ${percent(measured.data / fastest(measured))} of a step to make before the step can begin`,
    gain: measured.data,
  },
];

/** The least share of a step that is worth advice. */
const leastShare = 0.01;

/**
 * What would save the most time of a run, the largest gain first: a kernel far from its floor, numbers that are only
 * rearranged, threads that are idle, a batch that is too small, compiling, or data. A gain is what could be saved at
 * most, and not what is easy to save. Kernels are timed on one thread; their gains are scaled to the fastest number of
 * threads.
 *
 * **Units** seconds per step.
 */
export const adviceOf = (measured: StepTimes, most = 3): readonly Advice[] => {
  const { step, kernels, compile, steps, data } = measured;
  const scale = fastest(measured) / (step[0]?.seconds ?? fastest(measured));
  const ofKernels = [...farFromFloor(kernels), ...rearranged(kernels)].map((advice) => ({
    ...advice,
    gain: advice.gain * scale,
  }));
  const whole = fastest(measured) + data + (steps === undefined ? 0 : compile / steps);
  return [
    ...ofKernels,
    ...idleThreads(measured),
    ...smallBatch(measured),
    ...compileTime(measured),
    ...slowData(measured),
  ]
    .map((advice): Advice => ({ ...advice, share: advice.gain / whole }))
    .filter(({ share }) => share >= leastShare)
    .toSorted((a, b) => b.gain - a.gain)
    .slice(0, most);
};
