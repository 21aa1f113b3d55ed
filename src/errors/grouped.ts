/**
 * Values by the key that a function gives them, keys and values in the order in which they come: `Map.groupBy`, which Node 20
 * does not have. fp-ts's `groupBy` loses what has the key `__proto__`.
 */
export const grouped = <K, A>(
  values: Iterable<A>,
  keyOf: (value: A) => K,
): ReadonlyMap<K, readonly [A, ...A[]]> => {
  const groups = new Map<K, [A, ...A[]]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
};
