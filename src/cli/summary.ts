import { showShape } from "../tensor/shape.ts";
import type { RunSummary } from "../train/summary.ts";
import { table } from "./table.ts";

const grouped = (n: number): string => n.toLocaleString("en-US");

/** A number of bytes in the largest unit that leaves at least one. */
export const bytesText = (bytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = Math.min(
    units.length - 1,
    Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)),
  );
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
};

/** A summary as a page of text. */
export const summaryText = (of: RunSummary): string => {
  const outermost = Math.min(...of.layers.map(({ depth }) => depth));
  const rows = of.layers.map(({ name, depth, input, output, params }) => [
    `${"  ".repeat(depth - outermost)}${name}`,
    showShape(input),
    showShape(output),
    grouped(params),
  ]);
  const { bytes, kernels, operations } = of.plan;
  const total = bytes.arguments + bytes.constants + bytes.temporaries;
  return [
    `${of.pipeline}: ${grouped(of.examples)} examples, batches of ${grouped(of.batchSize)}, ${of.backend}`,
    "",
    table(["layer", "input", "output", "parameters"], rows, [3]),
    "",
    `parameters            ${grouped(of.parameters)}`,
    `one training step     ${grouped(operations)} operations in ${grouped(kernels.length)} kernels`,
    `planned memory        ${bytesText(total)}`,
    `  state and batch     ${bytesText(bytes.arguments)}`,
    `  constants           ${bytesText(bytes.constants)}`,
    `  temporaries         ${bytesText(bytes.temporaries)}`,
  ].join("\n");
};
