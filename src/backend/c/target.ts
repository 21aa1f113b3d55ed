import { bytesPerElement } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Kernel, kernelsOf, type Step, writesOf } from "../plan/kernel.ts";
import type { Planned, Target } from "../plan/target.ts";
import { type Buffer, bufferOf, type Counter } from "../plan/view.ts";
import { expand, kernelText, type Site, supports } from "./kernels.ts";
import { constantText, cTypes, definitionOf, type Supplied } from "./operations.ts";

type Lines = readonly string[];

const indented = (lines: Lines): Lines => lines.map((line) => (line === "" ? "" : `  ${line}`));

/** A name as C has them. */
const identifier = (text: string): string => text.replace(/[^A-Za-z0-9]+/g, "_");

const variable = (counter: Counter): string => identifier(counter);

/** A text that is safe within a comment. */
const said = (text: string): string => text.replaceAll("*/", "* /").replaceAll("\n", " ");

/** Text broken into lines of about so many characters. */
const wrapped = (words: Lines, width: number): Lines => {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

/** The names of buffers: what they hold, and a number, so that none is a word of C. */
const namesOf = (): ((buffer: Buffer) => string) => {
  const names = new Map<Buffer, string>();
  return (buffer) => {
    const known = names.get(buffer);
    if (known !== undefined) return known;
    const what = identifier(buffer.what);
    const name = /^(state|input|output)_\d+$/.test(what) ? what : `${what}_${names.size}`;
    names.set(buffer, name);
    return name;
  };
};

/** All buffers that steps read or write, each once. */
const touchedBy = (steps: readonly Step[]): readonly Buffer[] => [
  ...new Set(
    steps.flatMap((step): readonly Buffer[] => {
      if (step.kind === "kernel") return [...step.kernel.reads, ...writesOf(step.kernel)];
      if (step.kind === "loop") return touchedBy(step.steps);
      const predicate = bufferOf(step.predicate);
      return [
        ...(predicate ? [predicate] : []),
        ...touchedBy(step.onTrue),
        ...touchedBy(step.onFalse),
      ];
    }),
  ),
];

/** The text of a program whose kernels and memory are planned, as a function `name(memory)`. */
const programText = (name: string, planned: Planned<Kernel>): string => {
  const { steps, memory, constants, inputs, outputs } = planned;
  const names = namesOf();
  /** The buffers that the text names: no others are declared. */
  const used = new Set<Buffer>();
  const nameOf = (buffer: Buffer): string => {
    used.add(buffer);
    return names(buffer);
  };
  const supplied = new Set<Supplied>();
  const fixed = new Set(constants.values());
  const pointer = ({ dtype }: Buffer): string => `${cTypes[dtype]} *`;
  /** Whether a buffer is a constant or a part of one. */
  const isConstant = (buffer: Buffer): boolean => {
    const storage = memory.storageOf(buffer);
    return fixed.has(storage) || (storage.slice !== undefined && isConstant(storage.slice.of));
  };

  const place = (buffer: Buffer): string => {
    const storage = memory.storageOf(buffer);
    const { slice } = storage;
    if (slice === undefined)
      return fixed.has(storage)
        ? nameOf(storage)
        : `(${pointer(storage)})(memory + ${memory.addressOf(storage)})`;
    const step = `${slice.step} * ${variable(slice.index)}`;
    return `${place(slice.of)} + ${slice.start === 0 ? "" : `${slice.start} + `}${step}`;
  };
  const site: Site = {
    name: nameOf,
    place,
    call: (name, ...xs) => {
      supplied.add(name);
      return `${name}(${xs.join(", ")})`;
    },
  };

  /** The counters on which the place of a buffer depends. */
  const countersOf = (buffer: Buffer): readonly Counter[] => {
    const { slice } = memory.storageOf(buffer);
    return slice === undefined ? [] : [slice.index, ...countersOf(slice.of)];
  };
  /** Declares what can be once the counters of the loops around are known, and was not before. */
  const declarations = (
    inner: readonly Step[],
    around: readonly Counter[],
    newest: Counter | undefined,
  ): Lines =>
    touchedBy(inner).flatMap((buffer) => {
      if (!used.has(buffer)) return [];
      const needed = countersOf(buffer);
      const isHere = newest === undefined ? needed.length === 0 : needed.includes(newest);
      if (!isHere || !needed.every((c) => around.includes(c)) || fixed.has(buffer)) return [];
      const only = isConstant(buffer) ? "const " : "";
      return [`${only}${pointer(buffer)}const ${nameOf(buffer)} = ${place(buffer)};`];
    });

  const stepText = (step: Step, around: readonly Counter[]): Lines => {
    switch (step.kind) {
      case "kernel": {
        const title = said(step.kernel.name);
        if (!supports(step.kernel)) return [`/* Left out, not written in C: ${title} */`, ""];
        const lines = kernelText(site, step.kernel);
        return lines.length === 0 ? [] : [`/* ${title} */`, ...lines, ""];
      }
      case "branch": {
        const { predicate, onTrue, onFalse } = step;
        const flag = `${nameOf(bufferOf(predicate) as Buffer)}[${predicate.offset}]`; // it is in memory
        const inside = (inner: readonly Step[]): Lines => indented(trimmed(inner, around));
        return [`if (${flag}) {`, ...inside(onTrue), "} else {", ...inside(onFalse), "}", ""];
      }
      case "loop": {
        const { length, reverse, index } = step.loop;
        const i = variable(index);
        const head = reverse
          ? `for (ptrdiff_t ${i} = ${length - 1}; ${i} >= 0; ${i}--) {`
          : `for (ptrdiff_t ${i} = 0; ${i} < ${length}; ${i}++) {`;
        const within = [...around, index];
        const inner = trimmed(step.steps, within);
        return [head, ...indented([...declarations(step.steps, within, index), ...inner]), "}", ""];
      }
    }
  };
  /** Steps with no empty line at the end. */
  const trimmed = (inner: readonly Step[], around: readonly Counter[]): Lines => {
    const lines = inner.flatMap((step) => stepText(step, around));
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  };

  const count = kernelsOf(steps).length;
  const inner = trimmed(steps, []);
  const body = [...declarations(steps, [], undefined), "", ...inner];
  const missing = new Set(
    kernelsOf(steps).flatMap((kernel) => (supports(kernel) ? [] : [said(kernel.name)])),
  );
  const addresses = (of: string, buffers: readonly Buffer[]): Lines =>
    arrayText(
      `const size_t ${name}_${of}[]`,
      buffers.map((b) => String(memory.addressOf(b))),
    );
  return [
    `/* ${name}: ${count} ${count === 1 ? "kernel" : "kernels"} in ${memory.bytes} bytes of memory. */`,
    "",
    ...["math", "stdbool", "stddef", "stdint"].map((header) => `#include <${header}.h>`),
    ...(missing.size === 0
      ? []
      : [
          "",
          "/* It cannot be run: these kernels are not written in C. */",
          ...Array.from(missing, (kernel) => `#error "${kernel.replaceAll('"', "'")}"`),
        ]),
    "",
    ...(supplied.size === 0 ? [] : [...Array.from(supplied, definitionOf), ""]),
    ...[...constants].flatMap(([value, buffer]) =>
      used.has(buffer)
        ? [
            ...arrayText(
              `static const ${cTypes[value.dtype]} ${nameOf(buffer)}[]`,
              Array.from(Tensor.read(value), (x) => constantText(value.dtype, x)),
            ),
            "",
          ]
        : [],
    ),
    "/* The bytes of the memory, and where inputs and outputs begin in it. */",
    `const size_t ${name}_bytes = ${memory.bytes};`,
    ...addresses("inputs", inputs),
    ...addresses("outputs", outputs),
    "",
    `void ${name}(unsigned char *memory) {`,
    ...indented(body),
    "}",
    "",
  ].join("\n");
};

/** An array with its elements; of none, one that nobody reads, since C has no empty arrays. */
const arrayText = (declaration: string, elements: Lines): Lines => [
  `${declaration} = {`,
  ...indented(wrapped(elements.length === 0 ? ["0"] : elements.map((x) => `${x},`), 100)),
  "};",
];

/**
 * C99 as a target. It writes a program as the text of a function, to be read: every kernel is plain loops, in the order
 * in which they run. It has element-wise kernels, reductions and products; any other is named in the text and left out,
 * and the text does not compile then.
 */
export const cTarget = (name: string): Target<Kernel, string> => ({
  name: "c",
  width: bytesPerElement,
  supports,
  expand,
  write: (planned) => programText(identifier(name), planned),
});
