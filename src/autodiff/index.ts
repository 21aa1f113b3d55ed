export { checkpoint, cond, custom, scan } from "./control.ts";
export { ForwardMode } from "./forwardMode.ts";
export { ReverseMode } from "./reverseMode.ts";
export {
  grad,
  hessian,
  hvp,
  jacobianForward,
  jacobianReverse,
  jvp,
  valueAndGrad,
  vjp,
} from "./transform.ts";
export type { Exprs } from "./tree.ts";
export { type InAxis, type Unshaped, type VmapOptions, vmap } from "./vmap.ts";
