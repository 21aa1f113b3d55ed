/** Numbers as a reader takes them in. */
export const grouped = (n: number): string => n.toLocaleString("en-US");

const scaled =
  (base: number, units: readonly string[]) =>
  (amount: number): string => {
    const power = Math.min(
      units.length - 1,
      Math.max(0, Math.floor(Math.log(Math.max(1, amount)) / Math.log(base) + 1e-12)),
    );
    const value = amount / base ** power;
    return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`.trimEnd();
  };

/** A number of bytes in the largest unit that leaves at least one. */
export const bytesText = scaled(1024, ["B", "KiB", "MiB", "GiB"]);

/** A number of operations in the largest unit that leaves at least one. */
export const countText = scaled(1000, ["", "k", "M", "G", "T"]);

/** Seconds in the largest unit that leaves at least one, down to nanoseconds. */
export const timeText = (seconds: number): string => {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  if (seconds >= 1e-3) return `${(seconds * 1e3).toFixed(2)} ms`;
  return seconds >= 1e-6 ? `${(seconds * 1e6).toFixed(1)} µs` : `${(seconds * 1e9).toFixed(0)} ns`;
};

/** A share in percent; nothing, where it would round to none. */
export const shareText = (share: number): string =>
  share < 0.0005 ? "" : `${(100 * share).toFixed(1)} %`;
