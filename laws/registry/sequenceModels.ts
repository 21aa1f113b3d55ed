import { gpt } from "../../src/nn/models/gpt.ts";
import type { Speaker } from "../decoding.ts";

/** Every model that says sequences token by token, in several settings. */
export const speakers: readonly Speaker[] = [
  {
    name: "gpt",
    model: gpt({ vocabulary: 5, positions: 6, width: 4, blocks: 2, heads: 2 }),
  },
  {
    name: "gpt, one block of one head",
    model: gpt({ vocabulary: 3, positions: 4, width: 2, blocks: 1, heads: 1, hidden: 3 }),
  },
];
