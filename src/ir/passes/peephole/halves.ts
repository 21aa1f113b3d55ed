import { type Dtype, isHalf, store } from "../../../tensor/dtype.ts";
import { nth } from "../../../tensor/list.ts";
import type { AnyNode, Expr } from "../../expr.ts";
import { type Make, nodeIf } from "./match.ts";

/** The half that an expression is the f32 of. */
const halfOf = (x: Expr): Expr | undefined => {
  const node = nodeIf(x, "cast");
  const source = node?.inputs[0];
  return x.dtype === "f32" && source !== undefined && isHalf(source.dtype) ? source : undefined;
};

/**
 * Moves halves before they are widened, which moves half the bytes, and gives a product the halves themselves. Widening
 * is exact, so every bit stays.
 */
export const widenedLater = (
  node: AnyNode,
  inputs: readonly Expr[],
  make: Make,
): Expr | undefined => {
  const halves = inputs.map(halfOf);
  const [first] = halves;
  const widened = (moved: Expr): Expr => make("cast", { dtype: "f32" }, moved);
  switch (node.primitive) {
    case "dot": {
      if (halves.every((half) => half === undefined)) return undefined;
      return make("dot", node.params, ...halves.map((half, i) => half ?? nth(inputs, i)));
    }
    case "concatenate":
      return halves.every((half) => half !== undefined && half.dtype === first?.dtype)
        ? widened(make("concatenate", node.params, ...(halves as readonly Expr[]))) // each has one
        : undefined;
    case "pad": {
      const { value } = node.params;
      const isExact = first !== undefined && Object.is(store(first.dtype, value), value);
      return isExact ? widened(make("pad", node.params, first)) : undefined;
    }
    case "reshape":
    case "transpose":
    case "broadcast":
    case "slice":
    case "reverse":
    case "window":
    case "gather":
      return first && widened(make(node.primitive, node.params, first, ...inputs.slice(1)));
    default:
      return undefined;
  }
};

/** Whether an expression is a product under another shape: the loop that rounds it there can be the product's own. */
const ofProduct = ({ node }: Expr): boolean =>
  node.primitive === "dot" || (node.primitive === "reshape" && ofProduct(node.inputs[0]));

/**
 * Rounds a value to a half before it is moved, if nothing else reads what is moved: the loop that makes the value rounds
 * it, and half the bytes are moved. Moved or not, an element is rounded alike, so every bit stays.
 */
export const narrowedEarlier = (
  dtype: Dtype,
  moved: Expr,
  make: Make,
  once: (x: Expr) => boolean,
): Expr | undefined => {
  if (!isHalf(dtype) || moved.dtype !== "f32" || !once(moved) || ofProduct(moved)) return undefined;
  const { node } = moved;
  const narrow = (x: Expr): Expr => make("cast", { dtype }, x);
  switch (node.primitive) {
    case "concatenate":
      return make("concatenate", node.params, ...node.inputs.map(narrow));
    case "pad": {
      const { value } = node.params;
      return Object.is(store(dtype, value), value)
        ? make("pad", node.params, narrow(nth<Expr>(node.inputs, 0)))
        : undefined;
    }
    case "reshape":
    case "transpose":
    case "reverse":
    case "window":
      return make(node.primitive, node.params, narrow(nth<Expr>(node.inputs, 0)));
    default:
      return undefined;
  }
};
