import { following, nth } from "../../tensor/list.ts";
import { apply, parameter } from "../build.ts";
import type { AnyNode, Expr, Params, Program } from "../expr.ts";
import { program } from "../program.ts";
import { isWorthHoisting } from "../traits.ts";
import { concerning, type Pass, rewrite, same } from "./rewrite.ts";

/** A scan with more constants: its new operands, and where to find its old outputs. */
interface Hoisted {
  readonly params: Params<"scan">;
  readonly inputs: readonly Expr[];
}

/** The loop-invariant nodes of a body: those that depend on nothing that changes from step to step. */
const invariantNodes = (body: Program, constants: number): ReadonlySet<AnyNode> => {
  const found = new Set<AnyNode>(body.inputs.slice(0, constants).map((x) => x.node));
  for (const node of body.nodes)
    if (node.issue === undefined && node.inputs.every((x) => found.has(x.node))) found.add(node);
  return found;
};

/** Moves the invariant nodes of a body, except for cheap ones, in front of the loop. */
const hoistNodes = (
  node: AnyNode & { primitive: "scan" },
  inputs: readonly Expr[],
): Hoisted | undefined => {
  const { body, constants } = node.params;
  const invariant = invariantNodes(body, constants);
  if (!body.nodes.some((n) => invariant.has(n) && isWorthHoisting(n.primitive))) return undefined;

  const outside = new Map<AnyNode, readonly Expr[]>();
  body.inputs.slice(0, constants).forEach((x, i) => {
    outside.set(x.node, [nth(inputs, i)]);
  });
  const inside = new Map<AnyNode, readonly Expr[]>();
  const added: { readonly parameter: Expr; readonly value: Expr }[] = [];

  // An invariant node has only invariant operands, which come before it.
  const outer = (x: Expr): Expr => nth(outside.get(x.node) ?? [], x.index);
  const inner = (x: Expr): Expr => inside.get(x.node)?.[x.index] ?? x;
  for (const n of body.nodes) {
    if (invariant.has(n))
      outside.set(n, apply(n.primitive, n.params, n.inputs.map(outer), [...node.path, ...n.path]));
    if (invariant.has(n) && isWorthHoisting(n.primitive)) {
      const parameters = n.outputs.map(parameter);
      inside.set(n, parameters);
      parameters.forEach((p, i) => {
        added.push({ parameter: p, value: nth(outside.get(n) ?? [], i) });
      });
    } else {
      const operands = n.inputs.map(inner);
      if (operands.some((x, i) => x !== n.inputs[i]))
        inside.set(n, apply(n.primitive, n.params, operands, n.path));
    }
  }

  // Only values that the loop still uses are passed into it.
  const results = body.outputs.map(inner);
  const draft = program(body.inputs, results);
  const used = new Set<AnyNode>(
    [...results, ...draft.nodes.flatMap((n) => n.inputs)].map((x) => x.node),
  );
  const crossing = added.filter(({ parameter: p }) => used.has(p.node));
  return {
    params: {
      ...node.params,
      constants: constants + crossing.length,
      body: program(
        [
          ...body.inputs.slice(0, constants),
          ...crossing.map((c) => c.parameter),
          ...body.inputs.slice(constants),
        ],
        results,
      ),
    },
    inputs: [
      ...inputs.slice(0, constants),
      ...crossing.map((c) => c.value),
      ...inputs.slice(constants),
    ],
  };
};

/** Turns carries that no step changes into constants. */
const settleCarries = (
  node: AnyNode & { primitive: "scan" },
  inputs: readonly Expr[],
): readonly Expr[] | undefined => {
  const { body, constants, carry } = node.params;
  const parameters = body.inputs.slice(constants, constants + carry);
  const isStill = parameters.map((x, i) => same(x, nth(body.outputs, i)));
  if (!isStill.includes(true)) return undefined;
  const initial = inputs.slice(constants, constants + carry);
  const chosen = (s: boolean) => (_: Expr, i: number) => isStill[i] === s;
  const [still, moving] = [chosen(true), chosen(false)];
  const made = apply(
    "scan",
    {
      ...node.params,
      constants: constants + parameters.filter(still).length,
      carry: parameters.filter(moving).length,
      body: program(
        [
          ...body.inputs.slice(0, constants),
          ...parameters.filter(still),
          ...parameters.filter(moving),
          ...body.inputs.slice(constants + carry),
        ],
        [...body.outputs.slice(0, carry).filter(moving), ...body.outputs.slice(carry)],
      ),
    },
    [
      ...inputs.slice(0, constants),
      ...initial.filter(still),
      ...initial.filter(moving),
      ...inputs.slice(constants + carry),
    ],
    node.path,
  );
  const moved = made.values();
  return node.outputs.map((_, i) => (isStill[i] ? nth(initial, i) : following(moved)));
};

/** Loop-invariant code motion: moves computations that are the same in every step of a scan in front of it. */
export const hoist: Pass = concerning(["scan"], (p) =>
  rewrite(p, (node, inputs) => {
    if (node.primitive !== "scan" || node.issue !== undefined) return undefined;
    const settled = settleCarries(node, inputs);
    if (settled !== undefined) return settled;
    const hoisted = hoistNodes(node, inputs);
    return hoisted && apply("scan", hoisted.params, hoisted.inputs, node.path);
  }),
);
