import type { Machine } from "./machine.ts";
import type { Spread } from "./statistics.ts";

/** The result of one contender. */
export type Entry =
  | { readonly contender: string; readonly error: string }
  | {
      readonly contender: string;
      readonly error?: never;
      /** The time of one step or run. */
      readonly milliseconds: Spread;
      /** The relative difference of its losses or its result from fluxion's. */
      readonly difference?: number;
      readonly agrees?: boolean;
      readonly losses?: readonly number[];
      readonly facts?: { readonly [fact: string]: number };
    };

/** One workload or kernel. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly kind: "workload" | "kernel";
  /** The largest difference with which a contender is still ranked. */
  readonly tolerance: number;
  readonly work?: { readonly unit: "flop" | "element"; readonly count: number };
  readonly entries: readonly Entry[];
}

export interface Report {
  readonly date: string;
  readonly machine: Machine;
  readonly quick: boolean;
  readonly versions: { readonly [contender: string]: string };
  readonly absent: readonly { readonly name: string; readonly advice: string }[];
  readonly ceilings: readonly ({ readonly name: string; readonly unit: string } & Spread)[];
  /** Milliseconds from the start of a process to MNIST's first trained step, including reading the data. */
  readonly firstStep?: Spread;
  readonly sections: readonly Section[];
}

type Cells = readonly string[];

/** A table whose first column is text and whose others are numbers, except for the last. */
const table = (rows: readonly Cells[]): string => {
  const width = (i: number): number => Math.max(...rows.map((row) => (row[i] ?? "").length));
  const widths = (rows[0] ?? []).map((_, i) => width(i));
  return rows
    .map((row) =>
      row
        .map((cell, i) =>
          i === 0 || i === row.length - 1
            ? cell.padEnd(widths[i] ?? 0)
            : cell.padStart(widths[i] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const time = (ms: number): string =>
  ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(4);

/** The speed of a run: arithmetic per second and its fraction of the ceiling, or the time per element. */
const rate = ({ work }: Section, ms: number, ceiling: number): string => {
  if (work === undefined) return "";
  if (work.unit === "element") return `${((ms * 1e6) / work.count).toFixed(2)} ns each`;
  const gflops = work.count / ms / 1e6;
  return `${gflops.toFixed(1)} GFLOP/s, ${((100 * gflops) / ceiling).toFixed(0)} %`;
};

/** The ranked time of a contender; `undefined` if its results differ. */
const ranked = (entry: Entry): number | undefined =>
  entry.error === undefined && entry.agrees !== false ? entry.milliseconds.median : undefined;

/** fluxion on its default or a fixed number of threads: as for its peers, the better one counts. */
const isOurs = (name: string): boolean => name.startsWith("fluxion");

const least = (section: Section, names: (name: string) => boolean): number | undefined => {
  const times = section.entries.flatMap((entry) =>
    names(entry.contender) ? (ranked(entry) ?? []) : [],
  );
  return times.length === 0 ? undefined : Math.min(...times);
};

const verdict = (entry: Entry): string => {
  if (entry.error !== undefined) return entry.error.slice(0, 100);
  const { difference, agrees } = entry;
  return difference === undefined
    ? ""
    : `${difference.toExponential(1)}${agrees === false ? ", not ranked" : ""}`;
};

const sectionTable = (section: Section, ceiling: number): string => {
  const ours = least(section, isOurs);
  const rows = section.entries.map((entry): Cells => {
    if (entry.error !== undefined) return [entry.contender, "", "", "", "", verdict(entry)];
    const { median, low, high } = entry.milliseconds;
    const mine = ranked(entry);
    const ratio = ours === undefined || mine === undefined ? "" : `${(mine / ours).toFixed(2)}×`;
    return [
      entry.contender,
      time(median),
      `${time(low)}–${time(high)}`,
      ratio,
      rate(section, median, ceiling),
      verdict(entry),
    ];
  });
  const what = section.kind === "workload" ? "ms a step" : "ms a run";
  return `${section.kind === "workload" ? `${section.name}: ` : ""}${section.title}\n${table([
    [
      "",
      what,
      "middle half",
      "to fluxion",
      section.work?.unit === "flop" ? "of 128 bits" : "",
      "difference",
    ],
    ...rows,
  ])}`;
};

const share = (ours: number | undefined, theirs: number | undefined): string =>
  ours === undefined || theirs === undefined ? "–" : (ours / theirs).toFixed(2);

/** The peers to compare with: the best of each group counts. */
const groups: readonly (readonly [title: string, member: (name: string) => boolean])[] = [
  ["PyTorch's", (name) => name.startsWith("PyTorch")],
  ["the best JavaScript peer's", (name) => /^(jax-js|tfjs)/.test(name)],
  ["ONNX Runtime's", (name) => name === "onnxruntime"],
];

/** fluxion's time as a fraction of the best of each group. */
const summary = (sections: readonly Section[]): string =>
  table([
    ["fluxion's time as a share of", ...groups.map(([title]) => title)],
    ...sections.map((section): Cells => {
      const ours = least(section, isOurs);
      return [section.name, ...groups.map(([, member]) => share(ours, least(section, member)))];
    }),
  ]);

const facts = (sections: readonly Section[]): string => {
  const rows = sections.flatMap((section): readonly Cells[] => {
    const entry = section.entries.find(({ contender }) => contender === "fluxion");
    if (entry === undefined || entry.error !== undefined || entry.facts === undefined) return [];
    const { compile = 0, bytes = 0, operations = 0 } = entry.facts;
    return [
      [
        section.name,
        `${compile.toFixed(0)} ms`,
        `${(bytes / 2 ** 20).toFixed(2)} MiB`,
        `${(operations / 1e6).toFixed(1)} M`,
        `${(operations / entry.milliseconds.median / 1e6).toFixed(1)} GFLOP/s`,
      ],
    ];
  });
  return rows.length === 0
    ? ""
    : table([["fluxion's programs", "compiled in", "memory", "operations", "rate"], ...rows]);
};

/** Formats a report as text. */
export const show = (report: Report): string => {
  const { machine, versions, absent } = report;
  const head = [
    `${report.date}${report.quick ? ", a quick run: figures are rough" : ""}`,
    `${machine.cores} × ${machine.processor}, ${machine.memory}, ${machine.system}, Node ${machine.node}, load ${machine.load.toFixed(1)}`,
    ...Object.entries(versions).map(([name, version]) => `${name}: ${version}`),
    ...absent.map(({ name, advice }) => `${name}: not installed (${advice})`),
  ].join("\n");
  const limits = table([
    ["ceilings, one thread", "best", "median"],
    ...report.ceilings.map(
      ({ name, unit, best, median }): Cells => [
        name,
        `${best.toFixed(1)} ${unit}`,
        `${median.toFixed(1)} ${unit}`,
      ],
    ),
  ]);
  const ceiling = report.ceilings.find(({ unit }) => unit === "GFLOP/s")?.best ?? Number.NaN;
  const parts = [head, limits, ...report.sections.map((section) => sectionTable(section, ceiling))];
  const { firstStep } = report;
  const started =
    firstStep === undefined
      ? ""
      : `from the start of a process to MNIST's first trained step: ${time(firstStep.median)} ms (best ${time(firstStep.best)})`;
  return [...parts, summary(report.sections), facts(report.sections), started]
    .filter((part) => part !== "")
    .join("\n\n");
};
