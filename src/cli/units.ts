import { amountIn } from "../terminal.ts";

/** Numbers as a reader takes them in. */
export const grouped = (n: number): string => n.toLocaleString("en-US");

/** A number of bytes in the largest unit that leaves at least one. */
export const bytesText = amountIn(1024, ["B", "KiB", "MiB", "GiB"]);

/** A number of operations in the largest unit that leaves at least one. */
export const countText = amountIn(1000, ["", "k", "M", "G", "T"]);

/** Seconds in the largest unit that leaves at least one, when rounded, down to nanoseconds. */
export const timeText = (seconds: number): string => {
  const nanoseconds = (seconds * 1e9).toFixed(0);
  if (Number(nanoseconds) < 1000) return `${nanoseconds} ns`;
  const microseconds = (seconds * 1e6).toFixed(1);
  if (Number(microseconds) < 1000) return `${microseconds} µs`;
  const milliseconds = (seconds * 1e3).toFixed(2);
  return Number(milliseconds) < 1000 ? `${milliseconds} ms` : `${seconds.toFixed(2)} s`;
};

/** A share in percent; nothing, where it would round to none. */
export const shareText = (share: number): string =>
  share < 0.0005 ? "" : `${(100 * share).toFixed(1)} %`;
