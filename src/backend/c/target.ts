import { bytesPerElement } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Kernel, kernelsOf, type Step, writesOf } from "../plan/kernel.ts";
import type { Planned, Target } from "../plan/target.ts";
import { type Buffer, bufferOf, type Counter, type View } from "../plan/view.ts";
import { expand, kernelText, type Site, supports } from "./kernels.ts";
import { constantText, cTypes, definitionOf, type Supplied } from "./operations.ts";
import { identifier, type Places, placesOf } from "./places.ts";

type Lines = readonly string[];

const indented = (lines: Lines): Lines => lines.map((line) => (line === "" ? "" : `  ${line}`));

/** Makes a text safe within a comment or a string. */
const said = (text: string): string =>
  text.replaceAll("*/", "* /").replaceAll("\n", " ").replaceAll('"', "'");

/** Breaks words into lines of about `width` characters. */
const wrapped = (words: Lines, width: number): Lines => {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

/** An array with its elements. C has no empty arrays: an array without elements gets one that nobody reads. */
const arrayText = (declaration: string, elements: Lines): Lines => [
  `${declaration} = {`,
  ...indented(wrapped(elements.length === 0 ? ["0"] : elements.map((x) => `${x},`), 100)),
  "};",
];

/** All buffers that steps read or write, each once. */
const touchedBy = (steps: readonly Step[]): readonly Buffer[] => [
  ...new Set(
    steps.flatMap((step): readonly Buffer[] => {
      if (step.kind === "kernel") return [...step.kernel.reads, ...writesOf(step.kernel)];
      if (step.kind === "loop") return touchedBy(step.steps);
      if (step.kind === "leave") return [bufferOf(step.unless) as Buffer]; // it is in memory
      const predicate = bufferOf(step.predicate) as Buffer; // it is in memory
      return [predicate, ...touchedBy(step.onTrue), ...touchedBy(step.onFalse)];
    }),
  ),
];

/**
 * The lines of steps in order, after the declarations of the names that they use: those whose pointers depend on the
 * innermost of the loops `around`, or on no counter outside all loops.
 */
const stepsText = (
  site: Site,
  places: Places,
  steps: readonly Step[],
  around: readonly Counter[],
): Lines => {
  const newest = around.at(-1);
  const lines = steps.flatMap((step) => stepText(site, places, step, around));
  const declared = touchedBy(steps).filter((buffer) => {
    const counters = places.counters(buffer);
    const isHere = newest === undefined ? counters.length === 0 : counters.includes(newest);
    const isKnown = isHere && counters.every((c) => around.includes(c));
    // A constant is its own array.
    return isKnown && places.isNamed(buffer) && places.pointer(buffer) !== places.name(buffer);
  });
  return [...declared.map(places.declaration), ...(newest === undefined ? [""] : []), ...lines];
};

/** The lines of a branch. The surrounding loop declares the names that its steps use. */
const branchText = (
  site: Site,
  places: Places,
  steps: readonly Step[],
  around: readonly Counter[],
): Lines => indented(steps.flatMap((step) => stepText(site, places, step, around)));

/** The text of one bool. */
const flagText = (places: Places, flag: View): string =>
  `${places.name(bufferOf(flag) as Buffer)}[${flag.offset}]`; // it is in memory

const stepText = (site: Site, places: Places, step: Step, around: readonly Counter[]): Lines => {
  switch (step.kind) {
    case "kernel": {
      const title = said(step.kernel.name);
      if (!supports(step.kernel)) return [`/* Left out, not written in C: ${title} */`, ""];
      const lines = kernelText(site, step.kernel);
      return lines.length === 0 ? [] : [`/* ${title} */`, ...lines, ""];
    }
    case "leave":
      return [`if (!${flagText(places, step.unless)}) break;`];
    case "branch": {
      const flag = flagText(places, step.predicate);
      return [
        `if (${flag}) {`,
        ...branchText(site, places, step.onTrue, around),
        "} else {",
        ...branchText(site, places, step.onFalse, around),
        "}",
        "",
      ];
    }
    case "loop": {
      const { length, reverse, index } = step.loop;
      const inner = stepsText(site, places, step.steps, [...around, index]);
      if (length === undefined) return ["for (;;) {", ...indented(inner), "}", ""];
      const i = identifier(index);
      const rounds = reverse
        ? `ptrdiff_t ${i} = ${length - 1}; ${i} >= 0; ${i}--`
        : `ptrdiff_t ${i} = 0; ${i} < ${length}; ${i}++`;
      return [`for (${rounds}) {`, ...indented(inner), "}", ""];
    }
  }
};

/** The text of a program whose kernels and memory are planned, as a function `name(memory)`. */
const programText = (name: string, planned: Planned<Kernel>): string => {
  const { steps, memory, constants, inputs, outputs, missing } = planned;
  const places = placesOf(planned);
  const supplied = new Set<Supplied>();
  const site: Site = {
    ...places,
    call: (called, ...xs) => {
      supplied.add(called);
      return `${called}(${xs.join(", ")})`;
    },
  };
  const body = stepsText(site, places, steps, []);
  const count = kernelsOf(steps).length;
  const addresses = (of: string, buffers: readonly Buffer[]): Lines =>
    arrayText(
      `const size_t ${name}_${of}[]`,
      buffers.map((buffer) => String(memory.addressOf(buffer))),
    );
  const named = [...constants].filter(([, buffer]) => places.isNamed(buffer));
  const sections: readonly Lines[] = [
    [
      `/* ${name}: ${count} ${count === 1 ? "kernel" : "kernels"} in ${memory.bytes} bytes of memory. */`,
    ],
    ["math", "stdbool", "stddef", "stdint"].map((header) => `#include <${header}.h>`),
    missing.length === 0
      ? []
      : [
          "/* It cannot be run: these kernels are not written in C. */",
          ...missing.map((kernel) => `#error "${said(kernel)}"`),
        ],
    Array.from(supplied, definitionOf),
    ...named.map(([value, buffer]) =>
      arrayText(
        `static const ${cTypes[value.dtype]} ${places.name(buffer)}[]`,
        Array.from(Tensor.read(value), (x) => constantText(value.dtype, x)),
      ),
    ),
    [
      "/* The bytes of the memory, and where inputs and outputs begin in it. */",
      `const size_t ${name}_bytes = ${memory.bytes};`,
      ...addresses("inputs", inputs),
      ...addresses("outputs", outputs),
    ],
    [`void ${name}(unsigned char *memory) {`, ...indented(body), "}"],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n")
    .replaceAll(/\n\n( *\})/g, "\n$1");
};

/**
 * C99 as a target. It writes a program as the text of a function, to be read: every kernel is a plain loop nest, in the
 * order in which they run. It supports element-wise kernels, reductions and products. The text names any other kernel
 * and leaves it out; the text then does not compile.
 */
export const cTarget = (name: string): Target<Kernel, string> => ({
  name: "c",
  width: bytesPerElement,
  supports,
  expand,
  write: (planned) => programText(identifier(name).replace(/^\d/, "_$&"), planned),
});
