import { table } from "../../terminal/table.ts";
import { grouped, shareText, timeText } from "../../terminal/units.ts";
import { wrapped } from "../../terminal/wrap.ts";
import { oneLine, shortened } from "../../terminal.ts";
import { groupedBy, layerName, type ProfiledKernel } from "../../train/diagnose/advice.ts";
import type { Profile } from "../../train/diagnose/profile.ts";
import { rate, roofs } from "../planText.ts";

/** The width of a narrow terminal, and of the column of names in it. */
const [cells, nameCells] = [80, 40];

/** Kernels below this share of the time are shown together. */
const leastShare = 0.005;

interface Line {
  readonly seconds: number;
  readonly floor: number;
}

const sumOf = (kernels: readonly ProfiledKernel[]): Line =>
  kernels.reduce(
    (sum, { seconds, floor }) => ({
      seconds: sum.seconds + seconds,
      floor: sum.floor + floor.seconds,
    }),
    { seconds: 0, floor: 0 },
  );

const cellsOf = (name: string, { seconds, floor }: Line, whole: number): readonly string[] => [
  shortened(oneLine(name), nameCells),
  timeText(seconds),
  timeText(floor),
  floor === 0 ? "" : (seconds / floor).toFixed(1),
  shareText(whole === 0 ? 0 : seconds / whole),
];

/** A layer's row, and below it the rows of its kernels, the slowest first. */
const layerRows = (
  kernels: readonly [ProfiledKernel, ...ProfiledKernel[]],
  whole: number,
): readonly (readonly string[])[] => {
  const equal = groupedBy(kernels, ({ name }) => name)
    .map((of) => ({ name: of[0].name, count: of.length, line: sumOf(of) }))
    .toSorted((a, b) => b.line.seconds - a.line.seconds);
  const shown = equal.filter(({ line }) => line.seconds >= leastShare * whole);
  const small = equal.slice(shown.length);
  const rest = small.map(({ line }) => line);
  const restLine = {
    seconds: rest.reduce((n, { seconds }) => n + seconds, 0),
    floor: rest.reduce((n, { floor }) => n + floor, 0),
  };
  const count = small.reduce((n, of) => n + of.count, 0);
  return [
    cellsOf(layerName(kernels[0]), sumOf(kernels), whole),
    ...shown.map(({ name, count: of, line }) =>
      cellsOf(`  ${of === 1 ? "" : `${of} × `}${name}`, line, whole),
    ),
    ...(shown.length === 0 || count === 0 ? [] : [cellsOf(`  ${count} smaller`, restLine, whole)]),
  ];
};

const adviceLines = ({ advice }: Profile): readonly string[] =>
  advice.length === 0
    ? ["Nothing measured here would save 1 % of a step."]
    : [
        "What would help most, and how much of a step it saves at most:",
        ...advice.map(({ about, reason, gain, share }, i) =>
          wrapped(
            `${i + 1}. ${timeText(gain)} (${shareText(share)}): ${oneLine([...about, reason].join(": "))}`,
            cells,
            3,
          ).join("\n"),
        ),
      ];

const stepText = ({ step }: Profile): string =>
  step
    .map(
      ({ threads, seconds }) =>
        `${timeText(seconds)} on ${threads === 1 ? "one thread" : `${threads} threads`}`,
    )
    .join(", ");

/** Formats a profile as text for 80 columns: kernels by layer, and what would help. */
export const profileText = (of: Profile): string => {
  const whole = sumOf(of.kernels);
  const groups = groupedBy(of.kernels, layerName);
  const isLayer = ([first]: (typeof groups)[number]): boolean => first.layer.length > 0;
  const rows = [...groups.filter(isLayer), ...groups.filter((group) => !isLayer(group))].flatMap(
    (group) => layerRows(group, whole.seconds),
  );
  const { peaks } = of;
  const busy = (of.waited ?? 0) > 0.1;
  const facts = [
    `Kernels: medians of ${grouped(of.runs)} steps on one thread. Each is called by itself, in the order of a step and on its memory; ${timeText(of.overhead)} of clock are subtracted from each call.`,
    `At least: the time of a kernel's arithmetic at ${rate(peaks.operations, "GFLOP/s")}, or of its bytes at ${roofs(peaks)}, measured just before. Numbers that are still in a nearer cache can be faster.`,
    `The step as a whole: ${stepText(of)}. Making a batch: ${timeText(of.data)}. Compiling: ${timeText(of.compile)}${of.steps === undefined ? "" : `, for ${grouped(of.steps)} steps`}.`,
    ...(busy
      ? [
          `Other programs kept this one waiting for ${shareText(of.waited ?? 0)} of the time, so that these figures are too high: repeat it on a quiet machine.`,
        ]
      : []),
  ];
  return [
    ...wrapped(
      `${oneLine(of.pipeline)}: a training step on ${grouped(of.batchSize)} rows`,
      cells,
      2,
    ),
    "",
    table(
      ["layer", "time", "at least", "times", "share"],
      [...rows, cellsOf(`${grouped(of.kernels.length)} kernels`, whole, whole.seconds)],
      { numeric: [1, 2, 3, 4], foot: 1 },
    ),
    "",
    ...facts.flatMap((fact) => wrapped(fact, cells, 2)),
    "",
    ...adviceLines(of),
  ].join("\n");
};
