import type { Plan, PlannedKernel } from "../backend/backend.ts";
import {
  type MachinePeaks,
  type Roofline,
  rooflineOf,
  rooflineOfPlan,
} from "../backend/roofline.ts";
import { aligned, table } from "../terminal/table.ts";
import { bytesText, countText, grouped, shareText, timeText } from "../terminal/units.ts";

/** A group of equal kernels in the same loops. */
interface Row {
  readonly kernel: PlannedKernel;
  readonly times: number;
  readonly floor: Roofline;
}

/** Groups equal kernels in the same loops, in the order in which they first run. */
const rowsOf = ({ kernels }: Plan, ceilings: MachinePeaks): readonly Row[] => {
  const equal = new Map<string, readonly PlannedKernel[]>();
  for (const kernel of kernels) {
    const key = JSON.stringify([kernel.within, kernel.name]);
    equal.set(key, [...(equal.get(key) ?? []), kernel]);
  }
  const sum = (of: readonly PlannedKernel[], part: "operations" | "bytes"): number =>
    of.reduce((n, kernel) => n + kernel[part], 0);
  return Array.from(equal.values(), (of) => {
    const floors = of.map((kernel) => rooflineOf(kernel, ceilings));
    const longest = floors.reduce((a, b) => (b.seconds > a.seconds ? b : a));
    return {
      kernel: {
        ...(of[0] as PlannedKernel),
        operations: sum(of, "operations"),
        bytes: sum(of, "bytes"),
      },
      times: of.length,
      floor: { ...longest, seconds: floors.reduce((n, { seconds }) => n + seconds, 0) },
    };
  });
};

const full = 10;

/** Draws a fraction as a bar of up to ten blocks. */
const bar = (share: number): string => {
  const eighths = Math.round(share * full * 8);
  const rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
  return "█".repeat(Math.floor(eighths / 8)) + rest;
};

const margin = "│ ";

/** The rows of the kernel table. A loop has a heading above its first kernel. */
const linesOf = (rows: readonly Row[], floor: number): readonly (readonly string[])[] => {
  const open = new Set<number>();
  return rows.flatMap(({ kernel, times, floor: { seconds, bound } }) => {
    const loops = kernel.within.flatMap(({ loop, rounds }, depth) => {
      if (open.has(loop)) return [];
      open.add(loop);
      return [[`${margin.repeat(depth)}┌ ${grouped(rounds)} rounds`]];
    });
    return [
      ...loops,
      [
        `${margin.repeat(kernel.within.length)}${kernel.name}`,
        times === 1 ? "" : `×${times}`,
        countText(kernel.operations),
        bytesText(kernel.bytes),
        timeText(seconds),
        bound === "operations" ? "arithmetic" : "memory",
        shareText(seconds / floor),
        bar(seconds / floor),
      ],
    ];
  });
};

/** Formats billions per second. */
export const rate = (perSecond: number, unit: string): string =>
  `${(perSecond / 1e9).toFixed(0)} ${unit}`;

/** The speeds of memory, by cache. */
export const roofs = ({ bandwidth }: MachinePeaks): string =>
  bandwidth
    .map(({ within, rate: bytes }, i) => {
      const last = i === bandwidth.length - 1;
      return `${rate(bytes, "GB/s")} ${last ? "beyond" : `up to ${bytesText(within)}`}`;
    })
    .join(", ");

/** What a step's memory is planned for, as rows of a name and an amount. */
export const memoryRows = (
  bytes: Plan["bytes"],
  besides = "",
): readonly (readonly [what: string, amount: string])[] => [
  ["planned memory", `${bytesText(bytes.planned)}${besides}`],
  ["  state and batch", bytesText(bytes.arguments)],
  ["  constants", bytesText(bytes.constants)],
  ["  temporaries", bytesText(bytes.temporaries)],
];

/**
 * Formats a plan as text: each kernel with the operations fused into it, its arithmetic, the bytes it moves and
 * the least time these take; then totals and memory.
 */
export const planText = (plan: Plan, ceilings: MachinePeaks): string => {
  const floor = rooflineOfPlan(plan, ceilings);
  const moved = plan.kernels.reduce((n, kernel) => n + kernel.bytes, 0);
  const head = ["kernel", "", "operations", "moved", "at least", "bound by", "share", ""];
  const whole = [
    `${grouped(plan.kernels.length)} kernels`,
    "",
    countText(plan.operations),
    bytesText(moved),
    timeText(floor),
    "",
    shareText(floor === 0 ? 0 : 1),
    "",
  ];
  const { bytes } = plan;
  return [
    table(head, [...linesOf(rowsOf(plan, ceilings), floor), whole], {
      numeric: [1, 2, 3, 4, 6],
      foot: 1,
    }),
    "",
    "At least: the time of a kernel's operations or of its bytes, whichever is longer, on one thread of this machine:",
    `  arithmetic  ${rate(ceilings.operations, "GFLOP/s")}`,
    `  memory      ${roofs(ceilings)}, by what one round touches`,
    "",
    ...aligned(
      memoryRows(
        bytes,
        `, ${(bytes.planned / bytes.needed).toFixed(2)} times the ${bytesText(bytes.needed)} alive at most`,
      ),
    ),
  ].join("\n");
};
