import type { Program, TensorType } from "../../ir/expr.ts";
import { innerPrograms } from "../../ir/program.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Plan } from "../backend.ts";
import { operations, operationsOf } from "./operations.ts";

const bytesOf = (types: readonly TensorType[]): number =>
  types.reduce((n, t) => n + sizeOf(t.shape) * bytesPerElement(t.dtype), 0);

/** The bytes of all node results of a program, and of its constants separately. */
const held = (program: Program): { readonly constants: number; readonly temporaries: number } =>
  program.nodes.reduce(
    (total, node) => {
      const own = bytesOf(node.outputs);
      if (node.primitive === "constant") return { ...total, constants: total.constants + own };
      // One run of an inner program at a time.
      const inner = innerPrograms(node).map(held);
      return {
        constants: total.constants + inner.reduce((n, h) => n + h.constants, 0),
        temporaries:
          total.temporaries + own + inner.reduce((n, h) => Math.max(n, h.temporaries), 0),
      };
    },
    { constants: 0, temporaries: 0 },
  );

/** The plan of interpreting a program: one loop nest per node. All results are kept until the run ends. */
export const planOf = (program: Program): Plan => {
  const bytes = { arguments: bytesOf(program.inputs) + bytesOf(program.outputs), ...held(program) };
  const planned = bytes.arguments + bytes.constants + bytes.temporaries;
  return {
    kernels: program.nodes
      .filter((node) => node.primitive !== "constant")
      .map((node) => {
        const touched = bytesOf(node.inputs) + bytesOf(node.outputs);
        return {
          name: node.primitive === "call" ? `call ${node.params.name}` : node.primitive,
          within: [],
          operations: operationsOf(node),
          touched,
          bytes: touched,
        };
      }),
    // Nothing is freed before the run ends, so all of it is needed.
    bytes: { ...bytes, planned, needed: planned },
    operations: operations(program),
  };
};
