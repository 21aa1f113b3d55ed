import type { AnyNode, Expr, Params, PrimitiveTag, Program, TensorType } from "../../../ir/expr.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Joins, joinsOf } from "../fuse/concatInPlace.ts";
import {
  absorbEpilogues,
  epilogueNodes,
  isElementwise,
  roundsProduct,
} from "../fuse/fuseEpilogue.ts";
import { groupNodes, ordered } from "../fuse/fusion.ts";
import { absorbInto, dependsOn, follow, type Group } from "../fuse/groups.ts";
import { type Recomputed, recompute } from "../fuse/rematerialize.ts";
import type { Computed, Fused, Operation } from "../fused.ts";
import { kernelStep, type Step, underLayers } from "../kernel.ts";
import { contractionKernel } from "../kernels/contraction.ts";
import { copyKernel, elementwiseKernel } from "../kernels/elementwise.ts";
import { reductionKernel } from "../kernels/reduction.ts";
import {
  type Buffer,
  bufferOf,
  identityOf,
  makeBuffer,
  type Source,
  squeeze,
  type View,
  whole,
} from "../view.ts";
import type { Context, Destination } from "./context.ts";
import { branchSteps, loopSteps, whileSteps } from "./controlFlow.ts";
import { type Lowering, lowerings } from "./lowering.ts";
import { isPointwise, type Scope, scopeOf } from "./values.ts";

/** A text that is equal for equal sources; −0 is not 0. */
const sourceKey = (scope: Scope, source: Source): string => {
  switch (source.kind) {
    case "buffer":
      return scope.bufferName(source.buffer);
    case "iota":
      return "iota";
    case "literal":
      return Object.is(source.value, -0) ? "-0" : String(source.value);
  }
};

/** Work that computes several nodes, with the number of each node's value, and of the value loaded from each buffer. */
interface Numbered {
  readonly work: Computed;
  readonly valueOf: (node: AnyNode) => number;
  readonly loadOf: (buffer: Buffer) => number;
}

const inOrder = (scope: Scope, nodes: readonly AnyNode[]): readonly AnyNode[] =>
  nodes.toSorted((a, b) => scope.position(a) - scope.position(b));

const fuse = (scope: Scope, nodes: readonly AnyNode[]): Numbered => {
  const members = new Set(nodes);
  const sorted = inOrder(scope, nodes);
  const views = new Map<string, View>();
  const keyOf = (view: View): string => {
    return `${sourceKey(scope, view.source)} ${view.dtype} ${view.offset} ${view.strides.join()}`;
  };
  const inside = (x: View): AnyNode | undefined => {
    const buffer = bufferOf(x);
    const maker = buffer && scope.producer(buffer);
    return maker && members.has(maker) ? maker : undefined;
  };
  const shape = squeeze(scope.viewOf(sorted[0] as AnyNode)).shape;
  for (const node of sorted)
    for (const x of scope.operands(node))
      if (inside(x) === undefined) views.set(keyOf(squeeze(x)), squeeze(x));
  const loads = [...views.values()];
  const loadAt = new Map([...views.keys()].map((key, i) => [key, i]));
  const number = new Map(sorted.map((node, i) => [node, loads.length + i]));
  const operations = sorted.map((node): Operation => {
    const operands = scope.operands(node);
    const typed = operands[node.primitive === "select" ? 1 : 0] as View;
    return {
      primitive: node.primitive as Operation["primitive"], // only element-wise nodes are fused
      operand: typed.dtype,
      dtype: (node.outputs[0] as TensorType).dtype,
      arguments: operands.map((x) => {
        const maker = inside(x);
        return maker === undefined
          ? (loadAt.get(keyOf(squeeze(x))) as number)
          : (number.get(maker) as number);
      }),
    };
  });
  return {
    work: { space: shape, loads, operations },
    valueOf: (node) => number.get(node) as number,
    loadOf: (buffer) => loads.findIndex((view) => bufferOf(view) === buffer),
  };
};

/** The kernels of a group; `escapes` says whether a buffer is read outside of it. */
const groupSteps = (
  context: Context,
  scope: Scope,
  group: Group,
  joins: Joins,
  escapes: (buffer: Buffer) => boolean,
): readonly Step[] => {
  const reduction = group.nodes.find((n) => n.primitive === "reduce");
  const first = group.nodes[0] as AnyNode;
  if (reduction?.primitive === "reduce") {
    const out = bufferOf(scope.viewOf(reduction)) as Buffer;
    const { kind, axes } = reduction.params;
    const x = scope.operands(reduction)[0] as View;
    const others = group.nodes.filter((n) => n !== reduction);
    // A fused space has no axes of extent 1; the others keep their order.
    const real = x.shape.flatMap((d, a) => (d === 1 ? [] : [a]));
    const within = axes.flatMap((a) => (real.includes(a) ? [real.indexOf(a)] : []));
    const { work, valueOf } =
      others.length === 0
        ? {
            work: { space: squeeze(x).shape, loads: [squeeze(x)], operations: [] },
            valueOf: () => 0,
          }
        : fuse(scope, others);
    const maker =
      others.length === 0 ? reduction : (scope.producer(bufferOf(x) as Buffer) as AnyNode);
    return [kernelStep(reductionKernel(kind, work, valueOf(maker), within, out))];
  }
  const operands = scope.operands(first);
  const outputs = scope.buffersOf(first);
  const epilogue = epilogueNodes(group);
  if (isPointwise(first) || epilogue.length > 0) {
    const { work, valueOf, loadOf } = fuse(scope, isPointwise(first) ? group.nodes : epilogue);
    const stores = inOrder(scope, group.nodes).flatMap((node) => {
      const buffer = bufferOf(scope.viewOf(node)) as Buffer;
      const value = isPointwise(node) ? valueOf(node) : loadOf(buffer);
      const own = escapes(buffer) ? [whole(buffer, work.space)] : [];
      return [...own, ...joins.targets(node)].map((to) => ({ value, to }));
    });
    if (stores.length === 0) return [];
    const fused: Fused = { ...work, stores };
    if (first.primitive !== "dot") return [kernelStep(elementwiseKernel(fused))];
    const [x, y] = operands as readonly [View, View];
    return [kernelStep(contractionKernel(first.params, x, y, outputs[0] as Buffer, fused))];
  }
  if (first.primitive === "scan") return loopSteps(context, first.params, operands, outputs);
  if (first.primitive === "while") return whileSteps(context, first.params, operands, outputs);
  if (first.primitive === "cond") return branchSteps(context, first.params, operands, outputs);
  const lowering = lowerings[first.primitive] as Lowering<PrimitiveTag>;
  if (lowering.kind === "kernels")
    // TypeScript does not see that a node's parameters are those of its primitive's rule.
    return lowering
      .kernels(first.params as Params<never>, operands, outputs, first.outputs)
      .filter((_, i) => !joins.isPlaced(first, i))
      .map((kernel) => kernelStep(kernel));
  // A view that strides cannot describe is a copy.
  const x = operands[0] as View;
  return [kernelStep(copyKernel(x, whole(outputs[0] as Buffer, x.shape)))];
};

/**
 * The layers of a group: those of its reduction or product, or else of the first of its nodes that has any. What only
 * rearranges an operand for others, and is in no layer itself, is in theirs.
 */
const layerOf = (
  { nodes }: Group,
  scope: Scope,
  readers: (buffer: Buffer) => readonly AnyNode[],
): readonly string[] => {
  const first = nodes[0] as AnyNode;
  const main = nodes.find((n) => n.primitive === "reduce") ?? first;
  const own = [main, ...nodes].find(({ path }) => path.length > 0);
  if (own !== undefined || isPointwise(main) || main.primitive === "reduce") return own?.path ?? [];
  const wanted = scope.buffersOf(first).flatMap((buffer) => readers(buffer).map((n) => n.path));
  const [path = []] = wanted;
  return wanted.every((other) => other.join("\n") === path.join("\n")) ? path : [];
};

/** Lets a reduction absorb the element-wise group that only it reads. */
const absorb = (
  scope: Scope,
  groups: Set<Group>,
  groupOf: Map<AnyNode, Group>,
  readers: (buffer: Buffer) => readonly AnyNode[],
  isOutput: (buffer: Buffer) => boolean,
): void => {
  for (const group of [...groups]) {
    const node = group.nodes[0] as AnyNode;
    if (node.primitive !== "reduce") continue;
    const x = scope.operands(node)[0] as View;
    const buffer = identityOf(x);
    const maker = buffer && scope.producer(buffer);
    const producer = maker && groupOf.get(maker);
    if (producer === undefined || !isPointwise(maker as AnyNode)) continue;
    if (squeeze(x).shape.join() !== squeeze(scope.viewOf(maker as AnyNode)).shape.join()) continue;
    const onlyHere = producer.nodes.every((n) =>
      scope
        .buffersOf(n)
        .every(
          (b) => !isOutput(b) && readers(b).every((r) => r === node || groupOf.get(r) === producer),
        ),
    );
    if (!onlyHere) continue;
    for (const n of producer.nodes) groupOf.set(n, group);
    absorbInto(group, producer);
    groups.delete(producer);
  }
};

const grouped = (
  context: Context,
  program: Program,
  inputs: readonly View[],
  again: ReadonlySet<AnyNode>,
) => {
  const scope = scopeOf(context, program, inputs);
  const { nodes, operands, producer, viewOf } = scope;
  return {
    scope,
    ...groupNodes(
      {
        ...{ nodes, isPointwise, operands, producer },
        isAgain: (node) => again.has(node),
        isEnding: (node) => roundsProduct(scope, node),
      },
      viewOf,
    ),
  };
};

/**
 * The groups of a program after cheap values were recomputed: first for reductions, so that an element-wise group may then
 * wait for one of what it reads itself, as an update does that is only made where gradients are finite.
 */
const recomputed = (context: Context, given: Program, inputs: readonly View[]) => {
  const stages = [isReduction, (group: Group) => !isReduction(group)];
  return stages.reduce<ReturnType<typeof grouped> & Recomputed>(
    (before, mayRemake) => {
      const made = recompute(before, (node) => before.groupOf.get(node), mayRemake);
      return made.program === before.program
        ? before
        : { ...grouped(context, made.program, inputs, made.again), ...made };
    },
    { ...grouped(context, given, inputs, new Set()), program: given, again: new Set() },
  );
};

const isReduction = ({ nodes: [first] }: Group): boolean => first?.primitive === "reduce";

/**
 * Lowers a program whose inputs are `inputs` and whose outputs go to `destinations`. An output that replaces an input
 * is written in place if every reader of the old value can run before.
 */
export const regionSteps = (
  context: Context,
  given: Program,
  inputs: readonly View[],
  destinations: readonly Destination[],
): readonly Step[] => {
  const { program, scope, groups, groupOf } = recomputed(context, given, inputs);
  const readersOf = new Map<Buffer, AnyNode[]>();
  for (const node of scope.nodes)
    for (const view of scope.operands(node)) {
      const buffer = bufferOf(view);
      if (buffer === undefined) continue;
      const readers = readersOf.get(buffer);
      if (readers === undefined) readersOf.set(buffer, [node]);
      else readers.push(node);
    }
  const readers = (buffer: Buffer): readonly AnyNode[] => readersOf.get(buffer) ?? [];
  const outputs = program.outputs.map((x: Expr) => scope.view(x));
  const shown = new Set(outputs.flatMap((v) => bufferOf(v) ?? []));
  const isOutput = (buffer: Buffer): boolean => shown.has(buffer);
  absorb(scope, groups, groupOf, readers, isOutput);
  absorbEpilogues(scope, groups, groupOf, readers);

  /** What a node changes step by step in the place of its result: a `scatterAdd` its operand, a loop what it carries. */
  const changedBy = (node: AnyNode, result: Buffer): number | undefined => {
    if (node.primitive === "scatterAdd") return 0;
    if (node.primitive !== "scan") return undefined;
    const at = scope.buffersOf(node).indexOf(result);
    return at < node.params.carry ? node.params.constants + at : undefined;
  };
  /**
   * The results on the way from an old value to a new one, newest first, if nodes change it step by step and nothing else
   * reads them.
   */
  const changes = (buffer: Buffer, last: Buffer): readonly Buffer[] | undefined => {
    const maker = scope.producer(last);
    const at = maker && changedBy(maker, last);
    if (at === undefined) return undefined;
    const views = scope.operands(maker as AnyNode);
    const from = identityOf(views[at] as View);
    if (from === undefined || views.some((view, i) => i !== at && bufferOf(view) === from))
      return undefined;
    if (from === buffer) return [last];
    if (isOutput(from) || readers(from).length > 1) return undefined;
    const before = changes(buffer, from);
    return before && [last, ...before];
  };

  const direct = new Set<number>();
  const placed = new Set<Buffer>();
  destinations.forEach(({ buffer, replaces }, i) => {
    const own = identityOf(outputs[i] as View);
    const maker = own && scope.producer(own);
    if (own === undefined || maker === undefined || placed.has(own)) return;
    const group = groupOf.get(maker) as Group;
    let path: readonly Buffer[] = [own];
    if (replaces) {
      if (isOutput(buffer)) return;
      const changed = changes(buffer, own);
      path = changed ?? path;
      const first = groupOf.get(scope.producer(path.at(-1) as Buffer) as AnyNode) as Group;
      const others = new Set(readers(buffer).map((n) => groupOf.get(n) as Group));
      const readsItself = others.delete(first);
      const inStep =
        changed !== undefined ||
        (isElementwise(group) &&
          isPointwise(maker) &&
          group.nodes.every((n) =>
            scope
              .operands(n)
              .every((v) => bufferOf(v) !== buffer || (isPointwise(n) && identityOf(v) === buffer)),
          ));
      if (readsItself && !inStep) return;
      if ([...others].some((reader) => dependsOn(reader, first))) return;
      for (const reader of others) follow(first, reader, true);
    }
    for (const result of path) {
      context.unite(result, buffer);
      placed.add(result);
    }
    direct.add(i);
  });

  const replaced = new Set(
    destinations.flatMap((d) => (d.replaces ? [context.placeOf(d.buffer)] : [])),
  );
  const replacing = new Set([...placed].filter((b) => replaced.has(context.placeOf(b))));
  const joins = joinsOf(
    scope,
    (node) => groupOf.get(node),
    (out) => !replacing.has(out),
  );
  const steps = ordered(groups, scope.position).flatMap((group) => {
    const escapes = (buffer: Buffer): boolean =>
      isOutput(buffer) ||
      readers(buffer).some((n) => groupOf.get(n) !== group && !joins.skips(n, buffer));
    const made = groupSteps(context, scope, group, joins, escapes);
    return underLayers(made, layerOf(group, scope, readers));
  });
  return [...steps, ...finalCopies(outputs, destinations, direct)];
};

/** Copies results that are not yet in place, and first saves old values that others overwrite. */
const finalCopies = (
  outputs: readonly View[],
  destinations: readonly Destination[],
  direct: ReadonlySet<number>,
): readonly Step[] => {
  const overwritten = new Set(destinations.flatMap((d) => (d.replaces ? [d.buffer] : [])));
  const aside: Step[] = [];
  const home: Step[] = [];
  outputs.forEach((view, i) => {
    const { buffer } = destinations[i] as Destination;
    if (direct.has(i) || identityOf(view) === buffer) return;
    const to = whole(buffer, view.shape);
    const source = bufferOf(view);
    if (source === undefined || !overwritten.has(source)) {
      home.push(kernelStep(copyKernel(view, to)));
      return;
    }
    const kept = whole(makeBuffer(view.dtype, sizeOf(view.shape), "old value"), view.shape);
    aside.push(kernelStep(copyKernel(view, kept)));
    home.push(kernelStep(copyKernel(kept, to)));
  });
  return [...aside, ...home];
};
