export { checkpoint, cond, customDerivative, scan } from "./control.ts";
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
  vjp,
} from "./transform.ts";
export type { Exprs } from "./tree.ts";
export { type InAxis, type Unshaped, type VmapOptions, vmap } from "./vmap.ts";
