/** Special functions, with custom derivative rules where the chain rule through their parts is inaccurate. */

export { i0, i0e, i1, i1e } from "./bessel.ts";
export { digamma, logGamma, multivariateLogGamma, polygamma } from "./gamma.ts";
export { erfc, erfcx, logNdtr, ndtr, ndtri } from "./normal.ts";
