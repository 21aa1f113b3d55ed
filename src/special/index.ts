/** Special functions, with derivative rules of their own where those of their parts are not exact. */

export { besselI0, besselI0Scaled, besselI1, besselI1Scaled } from "./bessel.ts";
export { digamma, logGamma, multivariateLogGamma, polygamma } from "./gamma.ts";
export { erfc, erfcx, logNormalCdf, normalCdf, normalQuantile } from "./normal.ts";
