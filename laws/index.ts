export { mapping } from "./batching.ts";
export {
  adjoint,
  derivativeLaws,
  differenceQuotients,
  exact,
  linearity,
  type Modes,
  modes,
  primalPreservation,
} from "./derivatives.ts";
export {
  type CheckOptions,
  check,
  type Held,
  type Law,
  LawBroken,
  law,
  mustHold,
  type Trial,
} from "./law.ts";
export type { SymbolicFunction } from "./symbolic.ts";
