import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cacheOf } from "../../../src/backend/wasm/cache.ts";

describe("a cache that is bounded by bytes", () => {
  it("drops the least recently used entry, and stores nothing larger than its limit", () => {
    const cache = cacheOf<number>(10, (n) => n);
    cache.set("a", 4);
    cache.set("b", 5);
    expect(cache.get("a")).toBe(4);
    cache.set("c", 3);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([4, undefined, 3]);
    cache.set("d", 11);
    expect([cache.get("d"), cache.bytes()]).toEqual([undefined, 7]);
  });
  it("never exceeds its limit, and returns only the latest value of a key", () => {
    const put = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 0, max: 12 }));
    fc.assert(
      fc.property(fc.array(put), (puts) => {
        const cache = cacheOf<number>(10, (n) => n);
        const last = new Map<string, number>();
        for (const [key, value] of puts) {
          cache.set(key, value);
          last.set(key, value);
          expect(cache.bytes()).toBeLessThanOrEqual(10);
          for (const [k, v] of last) expect([v, undefined]).toContain(cache.get(k));
        }
        const held = [...last.keys()].flatMap((key) => cache.get(key) ?? []);
        expect(cache.bytes()).toBe(held.reduce((a, b) => a + b, 0));
      }),
    );
  });
});
