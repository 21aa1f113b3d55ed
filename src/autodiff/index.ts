/** Derivatives: programs made from programs, and loops and branches that have derivatives. */

export type { Exprs, Unshaped } from "../ir/trees.ts";
export { checkpoint, cond, customDerivative, scan, whileLoop } from "./control.ts";
export { ForwardMode } from "./forwardMode.ts";
export { ReverseMode } from "./reverseMode.ts";
export {
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  valueAndGrad,
  valueAndGradWithAux,
  vjp,
} from "./transform.ts";
export { type InAxis, type VmapOptions, vmap } from "./vmap.ts";
