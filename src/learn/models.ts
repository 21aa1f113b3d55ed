import { InvalidArgument } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { foldInKey, type KeyExpr } from "../ir/ops/random.ts";
import { open, within } from "../nn/apply.ts";
import { overBatch } from "../nn/batch.ts";
import type { AnyLayer, Context, Layer, OpenLayer } from "../nn/layer.ts";
import type { ParamsOf, StateOf } from "../nn/types/chain.ts";
import { axis } from "./judge.ts";
import { refuseMistakes } from "./mistakes.ts";

/** Models by name. */
export type Models = { readonly [name: string]: AnyLayer };

/** The params of models, by name. */
export type ParamsByName<M extends Models> = { readonly [K in keyof M]: ParamsOf<M[K]> };

/** The layer state of models, by name. */
export type StateByName<M extends Models> = { readonly [K in keyof M]: StateOf<M[K]> };

/** Models as functions of one example. */
export type Applied<M extends Models> = {
  readonly [K in keyof M]: M[K] extends Layer<infer I, infer O, infer _P, infer _S>
    ? (x: Expr<I>) => Expr<O>
    : (x: Expr) => Expr;
};

/** Models as functions of a batch of examples. */
export type AppliedToBatch<M extends Models> = { readonly [K in keyof M]: (xs: Expr) => Expr };

/** Refuses names of models that are not there. **Fails with** `InvalidArgument`, thrown. */
export const refuseUnknown = (
  op: string,
  argument: string,
  models: { readonly [name: string]: unknown },
  names: readonly string[] = [],
): void => {
  const unknown = names.find((name) => !Object.hasOwn(models, name));
  if (unknown === undefined) return;
  const expected = `one of the models ${Object.keys(models).join(", ")}`;
  throw new InvalidArgument({ op, argument, expected, actual: JSON.stringify(unknown) });
};

/** Models as functions, and the state of their layers after the calls so far. */
export interface Calls {
  readonly functions: { readonly [name: string]: (x: Expr) => Expr };
  readonly state: () => { readonly [name: string]: unknown };
}

/** The trees of all models by name, as `init` made them. */
type ByName = { readonly [name: string]: unknown };

/** Separates the keys of further calls from the keys derived for the first call. */
const furtherCall = -2;

/** Turns models into functions. Each call has its own key, and takes the layer state that the previous call left. */
const calling = (
  models: { readonly [name: string]: OpenLayer },
  state: unknown,
  key: KeyExpr,
  call: (
    name: string,
    model: OpenLayer,
    state: unknown,
    x: Expr,
    key: KeyExpr,
  ) => readonly [Expr, unknown],
): Calls => {
  let calls = 0;
  const states: { [name: string]: unknown } = { ...(state as ByName) };
  const functions = Object.fromEntries(
    Object.entries(models).map(([name, model]) => [
      name,
      (x: Expr) => {
        const own = calls === 0 ? key : foldInKey(key, furtherCall - calls);
        calls += 1;
        const [y, next] = call(name, model, states[name], x, own);
        states[name] = next;
        return y;
      },
    ]),
  );
  const named = new Proxy(functions, {
    get: (of, name) => {
      if (typeof name === "string") refuseUnknown("loss", "a model", models, [name]);
      return Reflect.get(of, name);
    },
  });
  return { functions: named, state: () => states };
};

/** Models as functions of one example. */
export const appliedToExample = (
  models: { readonly [name: string]: OpenLayer },
  params: unknown,
  state: unknown,
  { mode, key }: Pick<Context, "mode"> & { readonly key: KeyExpr },
): Calls =>
  calling(models, state, key, (name, model, own, x, ownKey) =>
    within(name, model, (params as ByName)[name], own, x, { mode, key: ownKey, axis }),
  );

/** Models as functions of a batch. */
export const appliedToBatch = (
  models: { readonly [name: string]: OpenLayer },
  params: unknown,
  state: unknown,
  { mode, key }: Pick<Context, "mode"> & { readonly key: KeyExpr },
): Calls =>
  calling(models, state, key, (name, model, own, xs, ownKey) => {
    const examples = xs.shape[0] ?? 1;
    return overBatch(
      (x, exampleKey) =>
        within(name, model, (params as ByName)[name], own, x, { mode, key: exampleKey, axis }),
      xs,
      ownKey,
      { axis, inspect: (traced) => refuseMistakes(traced, { [axis]: examples }) },
    );
  });

/** Models without their static types. */
export const openAll = (models: Models): { readonly [name: string]: OpenLayer } =>
  Object.fromEntries(Object.entries(models).map(([name, model]) => [name, open(model)]));
