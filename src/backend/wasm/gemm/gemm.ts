/**
 * Matrix products as WebAssembly functions, one per shape.
 *
 * **Source** The loops around the kernel follow Goto and van de Geijn (2008), "Anatomy of high-performance matrix
 * multiplication".
 */
import {
  type Body,
  type Code,
  call,
  type Fn,
  i32,
  type Local,
  type ModuleBuilder,
} from "../assembler/index.ts";
import { type GemmOptions, kernel } from "./kernel.ts";
import { type Packer, packColumns, packRows } from "./pack.ts";
import { type Along, blocksOf, counted, overRun, type Part, type Span, spanOfRun } from "./part.ts";
import {
  type Batch,
  blockAt,
  ceilTo,
  type GemmSpec,
  type Plan,
  packedBytes,
  planOf,
  type Run,
  splitsSums,
  unroll,
  widthsOf,
} from "./spec.ts";

/** `(a, b, c, scratch)`: byte addresses, 16-byte aligned; scratch of `gemmScratchBytes(spec)`. */
export type Gemm = Fn<readonly ["i32", "i32", "i32", "i32"], "void">;

/** `(a, b, c, scratch, from, to)`: computes the pieces `from`, …, `to - 1` of a product. */
export type GemmPart = Fn<readonly ["i32", "i32", "i32", "i32", "i32", "i32"], "void">;

/** `(b, panels, from, to)`: byte addresses; writes the panels `from`, …, `to - 1` of the `panelCount(spec)` panels. */
export type Panels = Fn<readonly ["i32", "i32", "i32", "i32"], "void">;

const times = (x: Code<"i32">, factor: number): Code<"i32"> =>
  factor === 1 ? x : i32.mul(x, factor);

/** `base + index·stride` */
const displaced = (base: Code<"i32">, index: Code<"i32">, stride: number): Code<"i32"> =>
  stride === 0 ? base : i32.add(base, times(index, stride));

/** Copies `steps` rows of `B` into panels. */
const packPanels = (
  body: Body,
  plan: Plan,
  packers: ReadonlyMap<number, Packer>,
  b: Code<"i32">,
  spec: GemmSpec,
  to: Code<"i32">,
  steps: number,
  part: Part | undefined,
): void => {
  for (const [run, before] of counted(plan.widths, (r) => r.count))
    overRun(body, run, spanOfRun(body, run, part, before), (column) =>
      body.do(
        call(
          packers.get(run.size)!,
          displaced(b, column, widthsOf(spec).b * spec.b.column),
          displaced(to, column, 4 * plan.depth),
          i32.const(steps),
        ),
      ),
    );
};

/** Makes the function that writes the panels which a product with `spec.panels` reads. */
export const gemmPanels = (module: ModuleBuilder, name: string, spec: GemmSpec): Panels => {
  const plan = planOf(spec);
  const packers = new Map(
    plan.widths.map(({ size }) => [size, packColumns(module, name, spec, size)]),
  );
  return module.func(name, ["i32", "i32", "i32", "i32"], "void", (body, b, to, from, end) => {
    if (spec.n > 0) packPanels(body, plan, packers, b, spec, to, spec.k, { from, to: end });
  });
};

/**
 * Makes a function that computes the product that `spec` describes, and passes it to the tail if there is one.
 *
 * The same spec and the same numbers give the same bits, whatever else runs. The sizes alone decide which operands are
 * copied into the scratch memory, and how k is split.
 *
 * **Shapes** `a: [m, k]`, `b: [k, n]` → `c: [m, n]`, for each of the batch.
 */
export const gemm = (
  module: ModuleBuilder,
  name: string,
  spec: GemmSpec,
  options: GemmOptions,
): Gemm => {
  const write = loopsOf(module, name, spec, options);
  return module.func(name, ["i32", "i32", "i32", "i32"], "void", (body, a, b, c, scratch) =>
    write(body, [a, b, c, scratch]),
  );
};

/**
 * Makes a function that computes some pieces of the same product. The bits do not depend on how the product is split.
 */
export const gemmPart = (
  module: ModuleBuilder,
  name: string,
  spec: GemmSpec,
  options: GemmOptions,
  along: Along,
): GemmPart => {
  const write = loopsOf(module, name, spec, options);
  return module.func(
    `${name} by ${along}`,
    ["i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, a, b, c, scratch, from, to) => write(body, [a, b, c, scratch], { along, from, to }),
  );
};

type Addresses = readonly [a: Code<"i32">, b: Code<"i32">, c: Code<"i32">, scratch: Code<"i32">];

/** Writes the loops of a product: all of them, or those of a part. */
const loopsOf = (
  module: ModuleBuilder,
  name: string,
  spec: GemmSpec,
  options: GemmOptions,
): ((body: Body, at: Addresses, part?: Part & { readonly along: Along }) => void) => {
  const plan = planOf(spec);
  const { m, n, k, a: aStrides, b: bStrides } = spec;
  const { tail } = options;
  const width = { ...widthsOf(spec), c: 4 };
  const cRow = spec.c ?? n;
  const kernels = new Map(
    plan.heights.flatMap(({ size: height }) =>
      plan.widths.map(({ size: width }) => [
        `${height}x${width}`,
        kernel(module, name, spec, plan, options, height, width),
      ]),
    ),
  );
  const kernelFor = (height: number, width: number) => kernels.get(`${height}x${width}`)!;
  const rowPackers = new Map(
    plan.packA ? plan.heights.map(({ size }) => [size, packRows(module, name, spec, size)]) : [],
  );
  const columnPackers = new Map(
    plan.packB && spec.panels !== true
      ? plan.widths.map(({ size }) => [size, packColumns(module, name, spec, size)])
      : [],
  );
  const blockCount = k === 0 ? 1 : Math.ceil(k / plan.depth);
  const lastDepth = k - (blockCount - 1) * plan.depth;

  return (body, [a, b, c, scratch], part) => {
    const along = (axis: Along): Part | undefined => (part?.along === axis ? part : undefined);
    const packedB = spec.panels === true ? b : scratch;
    const beforeA = spec.panels === true ? 0 : ceilTo(packedBytes(plan).b, 64);
    const packedA = body.let(i32.add(scratch, beforeA));
    const block = body.let(i32.add(scratch, blockAt(spec)));

    const product = (a0: Code<"i32">, b0: Code<"i32">, c0: Code<"i32">): void => {
      /** The number of rows in the products before the first product of this part. */
      const above = tail && body.let(i32.div_u(i32.sub(c0, tail.start), 4 * cRow));
      /** Computes one block of k, which starts at `k0` and has `steps` steps. */
      const slice = (k0: Code<"i32">, steps: number, first: Code<"i32">, last: number): void => {
        const aHere = body.let(displaced(a0, k0, width.a * aStrides.column));
        const bHere = body.let(displaced(b0, k0, width.b * bStrides.row));
        const rounds = i32.const(Math.floor(steps / unroll));
        /** The address of the panel at `column`: all panels before it have the greatest width. */
        const panel = (column: Code<"i32">): Code<"i32"> => {
          if (plan.eachB) return packedB;
          return plan.packB
            ? displaced(packedB, column, 4 * plan.depth)
            : displaced(bHere, column, width.b * bStrides.column);
        };
        if (columnPackers.size > 0 && !plan.eachB)
          packPanels(body, plan, columnPackers, bHere, spec, packedB, steps, along("columns"));
        const columns = along("columns");
        const panels = counted(plan.widths, (run) => run.count).map(
          ([run, before]) => [run, spanOfRun(body, run, columns, before)] as const,
        );
        const across: readonly Span[] =
          columns === undefined ? [{ from: 0, to: n }] : panels.flatMap(([, span]) => span ?? []);
        // Rows are split between blocks if there are any, else between tiles.
        const blocks = counted(blocksOf(plan), ({ outer, tiles }) =>
          plan.inBlocks ? outer.count : (tiles[0] as Run).count,
        );
        for (const [{ outer, tiles }, before] of blocks) {
          const ofRows = (isCut: boolean, run: Run): Span | undefined =>
            isCut ? spanOfRun(body, run, along("rows"), before) : undefined;
          const around = ofRows(plan.inBlocks, outer);
          overRun(body, outer, around, (row0) => {
            const within = tiles.map((run) => [run, ofRows(!plan.inBlocks, run)] as const);
            const inPlace = tail === undefined || splitsSums(spec);
            const to = inPlace ? body.let(displaced(c0, row0, 4 * cRow)) : block;
            const tileAt = (offset: Code<"i32">): Code<"i32"> =>
              plan.packA
                ? displaced(packedA, offset, 4 * plan.depth)
                : displaced(aHere, i32.add(row0, offset), width.a * aStrides.row);
            if (plan.packA)
              for (const [run, span] of within)
                overRun(body, run, span, (offset) =>
                  body.do(
                    call(
                      rowPackers.get(run.size)!,
                      displaced(aHere, i32.add(row0, offset), width.a * aStrides.row),
                      tileAt(offset),
                      i32.const(steps),
                    ),
                  ),
                );
            for (const [columns, wide] of panels)
              overRun(body, columns, wide, (column) => {
                const right = body.let(panel(column));
                if (plan.eachB)
                  body.do(
                    call(
                      columnPackers.get(columns.size)!,
                      displaced(bHere, column, width.b * bStrides.column),
                      right,
                      i32.const(steps),
                    ),
                  );
                for (const [run, span] of within)
                  overRun(body, run, span, (offset) => {
                    const target = i32.add(displaced(to, offset, 4 * cRow), i32.shl(column, 2));
                    body.do(
                      call(
                        kernelFor(run.size, columns.size),
                        tileAt(offset),
                        right,
                        target,
                        rounds,
                        first,
                        i32.const(last),
                      ),
                    );
                  });
              });
            if (tail === undefined || above === undefined || last === 0) return;
            for (const { from, to: end } of across)
              body.do(
                call(
                  tail.take,
                  i32.add(to, i32.mul(from, 4)),
                  i32.add(above, row0),
                  i32.const(outer.size),
                  from,
                  i32.sub(end, from),
                ),
              );
          });
        }
      };
      if (blockCount > 1)
        body.for(0, (blockCount - 1) * plan.depth, plan.depth, (k0) =>
          slice(k0, plan.depth, i32.eqz(k0), 0),
        );
      slice(
        i32.const((blockCount - 1) * plan.depth),
        lastDepth,
        i32.const(blockCount === 1 ? 1 : 0),
        1,
      );
    };

    const { batch, outer } = spec;
    if (m === 0 || n === 0) return;
    /** Runs `visit` for each member of a batch. */
    const each = (
      { count, ...step }: Batch,
      bases: readonly [Code<"i32">, Code<"i32">, Code<"i32">],
      visit: (a: Code<"i32">, b: Code<"i32">, c: Code<"i32">) => void,
    ): void =>
      body.for(0, count, 1, (i: Local<"i32">) =>
        visit(
          body.let(displaced(bases[0], i, width.a * step.a)),
          body.let(displaced(bases[1], i, width.b * step.b)),
          body.let(displaced(bases[2], i, 4 * step.c)),
        ),
      );
    const members = along("batch");
    if (batch === undefined) product(a, b, c);
    else if (members !== undefined)
      body.for(members.from, members.to, 1, (i) => {
        const far = body.let(outer === undefined ? i32.const(0) : i32.div_u(i, batch.count));
        const near = body.let(outer === undefined ? i : i32.rem_u(i, batch.count));
        const at = (base: Code<"i32">, operand: "a" | "b" | "c"): Code<"i32"> =>
          body.let(
            displaced(
              displaced(base, near, width[operand] * batch[operand]),
              far,
              outer === undefined ? 0 : width[operand] * outer[operand],
            ),
          );
        product(at(a, "a"), at(b, "b"), at(c, "c"));
      });
    else if (outer === undefined) each(batch, [a, b, c], product);
    else each(outer, [a, b, c], (...far) => each(batch, far, product));
  };
};
