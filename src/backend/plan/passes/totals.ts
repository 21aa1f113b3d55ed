import { apply, apply1, parameter } from "../../../ir/build.ts";
import type { Expr, Node, Program } from "../../../ir/expr.ts";
import { zerosLike } from "../../../ir/ops/indexing.ts";
import { concerning, everywhere, outputsOf, rewrite, same } from "../../../ir/passes/rewrite.ts";
import { program } from "../../../ir/program.ts";

/**
 * Adds a compensation to each total that a long loop carries: the part that rounding drops from the total is kept, and
 * added to the next term. Such totals are the gradients of a value that every round uses, if they are no product of
 * stacks, and sums that a program writes itself. Without this pass, the error of an f32 total grows with the number of
 * rounds.
 *
 * Totals become more exact than those of the definition, so this pass may change bits.
 *
 * **Source** Kahan (1965), "Further remarks on reducing truncation errors", Comm. ACM 8(1).
 */

/** Maximum rounds without compensation: a product of as many terms is no more exact. */
const mostRounds = 256;

/** A carry that a round adds to. */
interface Total {
  readonly before: Expr;
  readonly after: Expr;
  readonly term: Expr;
}

const totalsOf = ({
  params: { body, constants, carry },
}: Node<"scan">): readonly (Total | undefined)[] =>
  body.outputs.slice(0, carry).map((after, i) => {
    const before = body.inputs[constants + i] as Expr; // there is one for each carry
    if (after.node.primitive !== "add" || after.dtype !== "f32") return undefined;
    const [x, y] = after.node.inputs as readonly [Expr, Expr];
    if (same(x, before) === same(y, before)) return undefined;
    return { before, after, term: same(x, before) ? y : x };
  });

/** The total after a round, and the part that rounding dropped. For a total that is not finite, that part is 0. */
const added = (before: Expr, term: Expr, lost: Expr): readonly [after: Expr, lost: Expr] => {
  const given = apply1("add", {}, term, lost);
  const after = apply1("add", {}, before, given);
  const rest = apply1("add", {}, apply1("sub", {}, before, after), given);
  const isFinite = apply1("eq", {}, apply1("sub", {}, rest, rest), zerosLike(rest));
  return [after, apply1("select", {}, isFinite, rest, zerosLike(rest))];
};

const compensated = (p: Program): Program =>
  rewrite(p, (node, inputs) => {
    if (node.primitive !== "scan" || node.issue !== undefined || node.params.length <= mostRounds)
      return undefined;
    const { body, constants, carry } = node.params;
    const totals = totalsOf(node).map(
      (total) => total && { ...total, lost: parameter(total.before) },
    );
    const found = totals.flatMap((total) => total ?? []);
    if (found.length === 0) return undefined;
    const rests = new Map<Expr["node"], Expr>();
    const renewed = rewrite(body, (inner, operands) => {
      const total = found.find(({ after }) => after.node === inner);
      if (total === undefined) return undefined;
      const at = inner.inputs.findIndex((x) => !same(x, total.before));
      const [after, rest] = added(total.before, operands[at] as Expr, total.lost);
      rests.set(inner, rest);
      return [after];
    });
    const before = constants + carry;
    const next = program(
      [
        ...body.inputs.slice(0, before),
        ...found.map(({ lost }) => lost),
        ...body.inputs.slice(before),
      ],
      [
        ...renewed.outputs.slice(0, carry),
        ...found.map(({ after }) => rests.get(after.node) as Expr), // each has an entry
        ...renewed.outputs.slice(carry),
      ],
    );
    const starts = totals.flatMap((total, i) =>
      total === undefined ? [] : [zerosLike(inputs[constants + i] as Expr)],
    );
    const made = apply(
      "scan",
      { ...node.params, body: next, carry: carry + found.length },
      [...inputs.slice(0, before), ...starts, ...inputs.slice(before)],
      node.path,
    );
    return outputsOf(node).map((_, i) => made[i < carry ? i : i + found.length] as Expr);
  });

export const exactTotals: (p: Program) => Program = everywhere(concerning(["scan"], compensated));
