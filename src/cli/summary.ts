import type { MachinePeaks } from "../backend/roofline.ts";
import { leastOf } from "../tensor/extremes.ts";
import { showShape } from "../tensor/shape.ts";
import { aligned, table } from "../terminal/table.ts";
import { grouped } from "../terminal/units.ts";
import { oneLine } from "../terminal.ts";
import type { RunSummary } from "../train/summary.ts";
import { memoryRows, planText } from "./planText.ts";

/** What a run learns from. */
const dataText = (examples: number | undefined): string => {
  if (examples === undefined) return "a stream";
  return examples === 0 ? "makes its own experience" : `${grouped(examples)} examples`;
};

const headline = (of: RunSummary): string =>
  `${oneLine(of.pipeline)}: ${dataText(of.examples)}, batches of ${grouped(of.batchSize)}, ${of.backend}`;

/** Formats a summary as text. */
export const summaryText = (of: RunSummary): string => {
  const outermost = leastOf(of.layers.map(({ depth }) => depth));
  const rows = of.layers.map(({ name, depth, input, output, params }) => [
    `${"  ".repeat(depth - outermost)}${name}`,
    showShape(input),
    showShape(output),
    grouped(params),
  ]);
  const { bytes, kernels, operations } = of.plan;
  return [
    headline(of),
    "",
    ...(rows.length === 0
      ? []
      : [table(["layer", "input", "output", "parameters"], rows, { numeric: [3] }), ""]),
    ...aligned([
      ["parameters", grouped(of.parameters)],
      [
        "one training step",
        `${grouped(operations)} operations in ${grouped(kernels.length)} kernels`,
      ],
      ...memoryRows(bytes),
    ]),
  ].join("\n");
};

/** Formats the plan of a step as text. */
export const summaryPlanText = (of: RunSummary, ceilings: MachinePeaks): string =>
  `${headline(of)}\none training step, kernel by kernel\n\n${planText(of.plan, ceilings)}`;

/** The step as a text in C, under its plan as a comment where that is given: all of it compiles. */
export const summaryCodeText = (code: string, plan: string | undefined): string =>
  plan === undefined
    ? code.trimEnd()
    : `/*\n${plan.replaceAll("*/", "* /")}\n*/\n\n${code.trimEnd()}`;
