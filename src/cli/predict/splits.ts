/** The splits of a pipeline's data. */
export const splits = ["train", "validation", "test"] as const;
export type Split = (typeof splits)[number];
