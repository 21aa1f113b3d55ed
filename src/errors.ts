import * as Data from "effect/Data";

/**
 * Every way in which fluxion can fail, as data: no prose inside, so that a caller can act on the
 * fields; {@link render} turns an error into what happened, where, and what to do about it.
 */

/** Operands whose shapes an operation does not take. `path` names the layers around it. */
export class ShapeMismatch extends Data.TaggedError("ShapeMismatch")<{
  readonly op: string;
  readonly expected: string;
  readonly actual: readonly (readonly number[])[];
  readonly path: readonly string[];
}> {}

/** Operands whose dtypes an operation does not take. */
export class DtypeMismatch extends Data.TaggedError("DtypeMismatch")<{
  readonly op: string;
  readonly expected: string;
  readonly actual: readonly string[];
  readonly path: readonly string[];
}> {}

/** A named axis used where no `vmap` binds it. */
export class UnboundAxis extends Data.TaggedError("UnboundAxis")<{
  readonly axis: string;
  readonly path: readonly string[];
}> {}

/** A value that a program depends on and that is none of its inputs. */
export class FreeVariable extends Data.TaggedError("FreeVariable")<{
  readonly shape: readonly number[];
  readonly path: readonly string[];
}> {}

/** What can be wrong with one node of a program. */
export type Issue = ShapeMismatch | DtypeMismatch | UnboundAxis | FreeVariable;

/** A program that cannot be compiled, with everything that is wrong with it. */
export class CompileError extends Data.TaggedError("CompileError")<{
  readonly causes: readonly Issue[];
}> {}

/** A backend that this machine cannot run; `alternative` is one that it can. */
export class BackendUnavailable extends Data.TaggedError("BackendUnavailable")<{
  readonly backend: string;
  readonly missing: string;
  readonly alternative: string;
}> {}

/** A program that needs more memory than the backend has. */
export class MemoryLimit extends Data.TaggedError("MemoryLimit")<{
  readonly needed: number;
  readonly limit: number;
  readonly largest: readonly { readonly what: string; readonly bytes: number }[];
}> {}
