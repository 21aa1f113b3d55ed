import { amountIn } from "../terminal.ts";

/** Formats a number, rounded to a whole one, with thousands separators. */
export const grouped = (n: number): string => Math.round(n).toLocaleString("en-US");

/** Formats a number of bytes in the largest fitting unit. */
export const bytesText = amountIn(1024, ["B", "KiB", "MiB", "GiB"]);

/** Formats a count, such as of operations, in the largest fitting unit. */
export const countText = amountIn(1000, ["", "k", "M", "G", "T"]);

/** Formats the seconds of a short time in the largest fitting unit, down to nanoseconds. */
export const timeText = (seconds: number): string => {
  const nanoseconds = (seconds * 1e9).toFixed(0);
  if (Number(nanoseconds) < 1000) return `${nanoseconds} ns`;
  const microseconds = (seconds * 1e6).toFixed(1);
  if (Number(microseconds) < 1000) return `${microseconds} µs`;
  const milliseconds = (seconds * 1e3).toFixed(2);
  return Number(milliseconds) < 1000 ? `${milliseconds} ms` : `${seconds.toFixed(2)} s`;
};

/** Formats the milliseconds of a long time in seconds, and in minutes from one minute on. */
export const durationText = (milliseconds: number): string => {
  // Rounding comes first, so that it never shows 60 s.
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/** Formats a fraction as a percentage, or as nothing where it would round to 0. */
export const shareText = (share: number): string =>
  share < 0.0005 ? "" : `${(100 * share).toFixed(1)} %`;

/** Formats a measured value, such as a loss: with four decimals, or as a power of ten. */
export const figureText = (value: number): string =>
  value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(3)
    : value.toFixed(4);
