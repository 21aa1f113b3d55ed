import type { PrimitiveTag } from "../ir/expr.ts";
import * as call from "./call.ts";
import * as cond from "./cond.ts";
import * as elementwise from "./elementwise.ts";
import * as indexed from "./indexed.ts";
import * as linear from "./linear.ts";
import * as reduction from "./reduction.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";
import * as scan from "./scan.ts";
import * as sources from "./sources.ts";
import * as structural from "./structural.ts";
import * as whiles from "./while.ts";

/** The `jvp` rule of every primitive: pushes tangents forward. */
export const jvpRules: JvpRules<PrimitiveTag> = {
  ...elementwise.jvp,
  ...reduction.jvp,
  ...structural.jvp,
  ...linear.jvp,
  ...indexed.jvp,
  ...sources.jvp,
  ...scan.jvp,
  ...whiles.jvp,
  ...cond.jvp,
  ...call.jvp,
};

/** The `vjp` rule of every primitive: pulls cotangents back. */
export const vjpRules: VjpRules<PrimitiveTag> = {
  ...elementwise.vjp,
  ...reduction.vjp,
  ...structural.vjp,
  ...linear.vjp,
  ...indexed.vjp,
  ...sources.vjp,
  ...scan.vjp,
  ...whiles.vjp,
  ...cond.vjp,
  ...call.vjp,
};

/** The `batch` rule of every primitive: applies it to a batch of operands. */
export const batchRules: BatchRules<PrimitiveTag> = {
  ...elementwise.batch,
  ...reduction.batch,
  ...structural.batch,
  ...linear.batch,
  ...indexed.batch,
  ...sources.batch,
  ...scan.batch,
  ...whiles.batch,
  ...cond.batch,
  ...call.batch,
};
