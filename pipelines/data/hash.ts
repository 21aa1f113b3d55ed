/** FNV-1a, 32 bits. **Source** Fowler, Noll and Vo; RFC 9923. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
};
