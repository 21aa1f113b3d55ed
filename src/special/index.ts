/** Special functions, with derivative rules of their own where those of their parts are not exact. */

export { i0, i0e, i1, i1e } from "./bessel.ts";
export { digamma, logGamma, multivariateLogGamma, polygamma } from "./gamma.ts";
export { erfc, erfcx, logNdtr, ndtr, ndtri } from "./normal.ts";
