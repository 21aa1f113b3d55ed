import { parameter, reapply } from "../ir/build.ts";
import type { AnyNode, Expr, PrimitiveTag } from "../ir/expr.ts";
import { zerosAfter } from "../ir/types/diagnose.ts";
import { vjpRules } from "../rules/index.ts";
import { inDtypeOf, plus } from "../rules/make.ts";
import type { Derive, VjpRule } from "../rules/rule.ts";
import { isFloat } from "../tensor/dtype.ts";
import { Environment, type Interpreter, present, restore, standIns } from "./interpreter.ts";

/** A tape entry of one primitive: the origins of its operands, and its pullback of cotangents. */
interface Entry<V> {
  readonly inputs: readonly Taped<V>[];
  readonly outputs: readonly V[];
  readonly pullback: (cotangents: readonly (V | undefined)[]) => readonly (V | undefined)[];
}

/** A value and the tape entry that made it; a value without an entry is constant. */
export interface Taped<V> {
  readonly primal: V;
  readonly entry: Entry<V> | undefined;
  readonly index: number;
}

/** An input to differentiate with respect to. */
export const root = <V>(primal: V): Taped<V> => ({
  primal,
  entry: { inputs: [], outputs: [primal], pullback: () => [] },
  index: 0,
});

/**
 * Reverse mode: interprets a program over values that record how they were computed. The tape is the immutable graph
 * of entries behind the outputs.
 *
 * `remember` gives what the tape keeps of a value for the pullbacks, such as a rounded copy. Defaults to the value.
 *
 * **Source** Linnainmaa (1970); Speelpenning (1980).
 */
export const tapeWith = <V>(
  base: Interpreter<V>,
  derive: Derive,
  remember?: (value: V) => V,
): Interpreter<Taped<V>> => ({
  typeOf: (x) => base.typeOf(x.primal),
  apply: (node, inputs) => {
    const primals = inputs.map((x) => x.primal);
    const active = inputs.map((x) => x.entry !== undefined);
    const still = (outputs: readonly V[]) =>
      outputs.map((primal, index) => ({ primal, entry: undefined, index }));
    if (!active.includes(true)) return still(base.apply(node, primals));
    const { outputs, pullback } = record(base, node, primals, active, derive, remember);
    const entry: Entry<V> = { inputs, outputs, pullback };
    return outputs.map((primal, index) => ({
      primal,
      entry: isFloat(base.typeOf(primal).dtype) ? entry : undefined,
      index,
    }));
  },
});

const ruleOf = (node: AnyNode): VjpRule<PrimitiveTag> =>
  node.issue === undefined
    ? // A node's params are those of its own primitive, which indexing a mapped type does not show.
      (vjpRules[node.primitive] as VjpRule<PrimitiveTag>)
    : following(node);

/** The rule of an invalid node, whose params may not fit its operands: the cotangents only depend on its outputs. */
const following =
  (node: AnyNode): VjpRule<PrimitiveTag> =>
  (_, primals) => {
    const outputs = reapply(node, primals);
    return {
      outputs,
      pullback: () =>
        zerosAfter(outputs, primals).map((ct) => (isFloat(ct.dtype) ? ct : undefined)),
    };
  };

/** Applies a rule over `base`: returns the outputs, and a pullback that reuses what the forward pass computed. */
const record = <V>(
  base: Interpreter<V>,
  node: AnyNode,
  primals: readonly V[],
  active: readonly boolean[],
  derive: Derive,
  remember: ((value: V) => V) | undefined,
): Pick<Entry<V>, "outputs" | "pullback"> => {
  const xs = standIns(base, primals);
  const made = ruleOf(node)(node.params, xs, active, derive);
  const forward = new Environment(base, xs, primals, node.path);
  const outputs = forward.evaluate(made.outputs);
  const [own] = made.outputs;
  // A node with several outputs, such as a loop, has remembered what its programs need.
  const isOne = own?.node.outputs.length === 1 && !xs.includes(own);
  const rule = (): Environment<V> => {
    if (remember === undefined || !isOne) return forward;
    const [x, y] = [primals, outputs].map((values) => values.map(remember));
    return new Environment(base, [...xs, own], [...(x ?? []), ...(y ?? [])], node.path);
  };
  return {
    outputs,
    pullback: (cotangents) => {
      const cts = made.outputs.map((o, i) =>
        cotangents[i] === undefined ? undefined : parameter(o),
      );
      const back = rule();
      back.bind(present(cts), present(cotangents));
      const pulled = made.pullback(cts).map((ct, i) => ct && inDtypeOf(xs[i] as Expr, ct));
      return restore(pulled, back.evaluate(present(pulled)));
    },
  };
};

/**
 * The backward pass: computes the cotangents of `roots` from those of `outputs`. It visits entries users first, and
 * each adds its operands' cotangents to those they already have.
 */
export const pull = <V>(
  base: Interpreter<V>,
  roots: readonly Taped<V>[],
  outputs: readonly Taped<V>[],
  cotangents: readonly (V | undefined)[],
): readonly (V | undefined)[] => {
  const gathered = new Map<Entry<V>, (V | undefined)[]>();
  const accumulate = (x: Taped<V>, ct: V | undefined): void => {
    if (x.entry === undefined || ct === undefined) return;
    const slots = gathered.get(x.entry) ?? x.entry.outputs.map(() => undefined);
    const old = slots[x.index];
    slots[x.index] = old === undefined ? ct : sum(base, old, ct);
    gathered.set(x.entry, slots);
  };
  outputs.forEach((x, i) => {
    accumulate(x, cotangents[i]);
  });
  for (const entry of usersFirst(outputs)) {
    const cts = gathered.get(entry);
    if (cts === undefined) continue;
    entry.pullback(cts).forEach((ct, i) => {
      accumulate(entry.inputs[i] as Taped<V>, ct);
    });
  }
  return roots.map((x) => x.entry && gathered.get(x.entry)?.[x.index]);
};

const sum = <V>(base: Interpreter<V>, a: V, b: V): V => {
  const [x, y] = standIns(base, [a, b]) as readonly [Expr, Expr];
  return new Environment(base, [x, y], [a, b]).evaluate([plus(x, y) as Expr])[0] as V;
};

/** All entries behind `outputs`, users before operands. Iterative, since a tape may be long. */
const usersFirst = <V>(outputs: readonly Taped<V>[]): readonly Entry<V>[] => {
  const order: Entry<V>[] = [];
  const seen = new Set<Entry<V>>();
  const stack: { readonly entry: Entry<V>; next: number }[] = [];
  const enter = ({ entry }: Taped<V>): void => {
    if (entry === undefined || seen.has(entry)) return;
    seen.add(entry);
    stack.push({ entry, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.entry.inputs[top.next++];
      if (input === undefined) {
        order.push(top.entry);
        stack.pop();
      } else enter(input);
    }
  }
  return order.reverse();
};
