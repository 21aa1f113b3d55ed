import * as errors from "../errors.ts";
import { type FluxionError, render } from "../render.ts";
import { printable } from "../terminal.ts";

/** Whether something that was thrown is one of the ways in which fluxion fails. */
export const isFluxionError = (error: unknown): error is FluxionError =>
  Object.values(errors).some((kind) => error instanceof kind);

/** Any error in words: a typed one rendered, and anything else, which is a defect, with where it came from. */
export const explain = (error: unknown): string =>
  isFluxionError(error)
    ? render(error)
    : printable(
        `a defect of fluxion or of the pipeline, which is no typed error:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
