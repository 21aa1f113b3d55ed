import { decompositions } from "./tables/decompositions.ts";
import { elementwise } from "./tables/elementwise.ts";
import { indexing } from "./tables/indexing.ts";
import { joining } from "./tables/joining.ts";
import { linear } from "./tables/linear.ts";
import { neural } from "./tables/neural.ts";
import { reductions } from "./tables/reductions.ts";
import { sequence } from "./tables/sequence.ts";
import { shapes } from "./tables/shapes.ts";
import { spatial } from "./tables/spatial.ts";
import type { Table } from "./torch.ts";

/** Every operation of PyTorch's golden file that fluxion has. */
export const table: Table = {
  ...elementwise,
  ...shapes,
  ...joining,
  ...reductions,
  ...linear,
  ...decompositions,
  ...indexing,
  ...neural,
  ...spatial,
  ...sequence,
};
