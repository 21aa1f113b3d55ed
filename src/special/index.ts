/** Special functions, with derivative rules of their own. */

export { digamma, logGamma, multivariateLogGamma, polygamma } from "./gamma.ts";
