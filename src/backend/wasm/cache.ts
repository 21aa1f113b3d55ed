/** A cache of values by key, bounded by the sum of their sizes. */
export interface Cache<V> {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  /** Forgets everything. */
  readonly clear: () => void;
  /** The bytes of all values in the cache. */
  readonly bytes: () => number;
}

/**
 * A cache of at most `limit` bytes. It drops the least recently used values first, and does not keep a value that is
 * larger than the limit by itself.
 */
export const cacheOf = <V>(limit: number, sizeOf: (value: V) => number): Cache<V> => {
  // A map keeps the order in which its keys came.
  const values = new Map<string, V>();
  let held = 0;
  const forget = (key: string): void => {
    const value = values.get(key);
    if (value === undefined) return;
    held -= sizeOf(value);
    values.delete(key);
  };
  return {
    get: (key) => {
      const value = values.get(key);
      if (value === undefined) return undefined;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    set: (key, value) => {
      forget(key);
      const size = sizeOf(value);
      if (size > limit) return;
      for (const oldest of values.keys()) {
        if (held + size <= limit) break;
        forget(oldest);
      }
      values.set(key, value);
      held += size;
    },
    clear: () => {
      values.clear();
      held = 0;
    },
    bytes: () => held,
  };
};
