import { following, nth } from "../../tensor/list.ts";
import { apply } from "../build.ts";
import type { AnyNode, Expr, Params, Program } from "../expr.ts";
import { type Holding, innerPrograms, program } from "../program.ts";
import { renewed } from "./rewrite.ts";

/**
 * Dead code elimination: removes unused outputs of nodes and of the programs inside them, and everything that only
 * those need. It marks used outputs from the last node to the first, and then rebuilds the program forwards.
 */
type Mask = readonly boolean[];

/** A node with fewer operands and outputs. */
interface Pruned {
  readonly inputs: Mask;
  readonly outputs: Mask;
  /** Whether anything was removed, in the node or inside it. */
  readonly changed: boolean;
  readonly rebuild: (inputs: readonly Expr[]) => readonly Expr[];
}

const keep = <A>(xs: readonly A[], mask: Mask): readonly A[] => xs.filter((_, i) => mask[i]);
const every = (mask: Mask): boolean => mask.every((x) => x);

/** Marks the inputs that the outputs of a program depend on. */
const inputsUsed = (p: Program): Mask => {
  const used = new Set<AnyNode>(p.outputs.map((x) => x.node));
  for (const node of p.nodes) for (const x of node.inputs) used.add(x.node);
  return p.inputs.map((x) => used.has(x.node));
};

/** Restricts a program to the wanted outputs, with the same inputs. */
const restrict = (p: Program, outputs: Mask): Program => {
  const kept = every(outputs) ? p : program(p.inputs, keep(p.outputs, outputs));
  return dce(kept);
};

const withInputs = (p: Program, inputs: Mask): Program =>
  every(inputs) ? p : { ...p, inputs: keep(p.inputs, inputs) };

const either = (a: Mask, b: Mask): Mask => a.map((x, i) => x || b[i] === true);

/** Marks the outputs of a loop's body that are live: those wanted, and each carry that a live one needs in some step. */
const liveIn = (
  { body, constants, carry }: Pick<Params<"scan">, "body" | "constants" | "carry">,
  wanted: Mask,
): Mask => {
  const needed = inputsUsed(restrict(body, wanted)).slice(constants, constants + carry);
  const live = either(wanted, needed);
  return live.every((x, i) => x === wanted[i]) ? live : liveIn({ body, constants, carry }, live);
};

const pruneWhile = (params: Params<"while">, path: readonly string[], wanted: Mask): Pruned => {
  const { constants } = params;
  // The condition decides on every round.
  const deciding = wanted.map((x, i) => x || i === 0);
  const live = liveIn({ ...params, carry: wanted.length }, deciding);
  const body = restrict(params.body, live);
  const fixed = inputsUsed(body).slice(0, constants);
  const inputs = [...fixed, ...live];
  const next: Params<"while"> = {
    ...params,
    body: withInputs(body, inputs),
    constants: fixed.filter((x) => x).length,
  };
  return {
    inputs,
    outputs: live,
    changed: next.body !== params.body || !every(live),
    rebuild: (xs) => apply("while", next, xs, path),
  };
};

const pruneScan = (params: Params<"scan">, path: readonly string[], wanted: Mask): Pruned => {
  const { constants, carry } = params;
  const live = liveIn(params, wanted);
  const body = restrict(params.body, live);
  const carried = live.slice(0, carry);
  const inputs = inputsUsed(body).map((used, i) =>
    i >= constants && i < constants + carry ? carried[i - constants] === true : used,
  );
  const next: Params<"scan"> = {
    ...params,
    body: withInputs(body, inputs),
    constants: inputs.slice(0, constants).filter((x) => x).length,
    carry: carried.filter((x) => x).length,
  };
  return {
    inputs,
    outputs: live,
    changed: next.body !== params.body || !every(live),
    rebuild: (xs) => apply("scan", next, xs, path),
  };
};

const pruneCond = (params: Params<"cond">, path: readonly string[], wanted: Mask): Pruned => {
  const [onTrue, onFalse] = [restrict(params.onTrue, wanted), restrict(params.onFalse, wanted)];
  const operands = either(inputsUsed(onTrue), inputsUsed(onFalse));
  const next = { onTrue: withInputs(onTrue, operands), onFalse: withInputs(onFalse, operands) };
  return {
    inputs: [true, ...operands],
    outputs: wanted,
    changed: next.onTrue !== params.onTrue || next.onFalse !== params.onFalse,
    rebuild: (xs) => apply("cond", next, xs, path),
  };
};

const pruneCall = (params: Params<"call">, path: readonly string[], wanted: Mask): Pruned => {
  const called = restrict(params.program, wanted);
  const inputs = inputsUsed(called);
  const next = { ...params, program: withInputs(called, inputs) };
  return {
    inputs,
    outputs: wanted,
    changed: next.program !== params.program,
    rebuild: (xs) => apply("call", next, xs, path),
  };
};

type Prune<P extends Holding> = (
  params: Params<P>,
  path: readonly string[],
  wanted: Mask,
) => Pruned | undefined;

const pruners: { readonly [P in Holding]: Prune<P> } = {
  scan: pruneScan,
  while: pruneWhile,
  cond: pruneCond,
  call: (params, path, wanted) =>
    // Custom rules are written for all operands and outputs.
    params.rules.kind === "checkpoint" ? pruneCall(params, path, wanted) : undefined,
};

/** Prunes a node to the outputs in use; `undefined` if nothing can be removed. */
const prune = (node: AnyNode, uses: ReadonlySet<number>): Pruned | undefined => {
  if (node.issue !== undefined || innerPrograms(node).length === 0) return undefined;
  const wanted = node.outputs.map((_, i) => uses.has(i));
  // A node's params are those of its own primitive, which indexing a mapped type does not show.
  const pruneOne = pruners[node.primitive as Holding] as Prune<Holding>;
  return pruneOne(node.params as Params<Holding>, node.path, wanted);
};

/** Removes everything that no output depends on, also inside inner programs. */
export const dce = (p: Program): Program => {
  const wanted = new Map<AnyNode, Set<number>>();
  const want = (x: Expr): void => {
    wanted.set(x.node, (wanted.get(x.node) ?? new Set()).add(x.index));
  };
  p.outputs.forEach(want);
  const pruned = new Map<AnyNode, Pruned>();
  for (const node of p.nodes.toReversed()) {
    const uses = wanted.get(node);
    if (uses === undefined) continue;
    const smaller = prune(node, uses);
    if (smaller?.changed) pruned.set(node, smaller);
    (smaller === undefined ? node.inputs : keep(node.inputs, smaller.inputs)).forEach(want);
  }

  const values = new Map<AnyNode, readonly Expr[]>();
  for (const node of p.nodes) {
    if (!wanted.has(node)) continue;
    const inputs = renewed(node.inputs, values);
    const smaller = pruned.get(node);
    if (smaller !== undefined) {
      const made = smaller.rebuild(keep(inputs, smaller.inputs));
      const kept = made.values();
      // Nothing reads the outputs that are removed.
      values.set(
        node,
        node.outputs.map((_, i) => (smaller.outputs[i] ? following(kept) : nth(made, 0))),
      );
    } else if (inputs !== node.inputs)
      values.set(node, apply(node.primitive, node.params, inputs, node.path));
  }
  const outputs = renewed(p.outputs, values);
  return outputs !== p.outputs || p.nodes.some((node) => !wanted.has(node))
    ? program(p.inputs, outputs)
    : p;
};
