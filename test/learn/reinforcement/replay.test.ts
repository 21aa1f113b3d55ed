import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { check, laws } from "../../../laws/index.ts";
import { itemsDrawn, lastItems } from "../../../laws/training/replay.ts";
import { holds } from "../../../laws/vitest.ts";
import { add, fill, minimum, rem, sub } from "../../../src/ir/index.ts";
import { type ItemTypes, type Memory, replay } from "../../../src/learn/reinforcement/index.ts";

holds(laws.replay, [{ name: "replay", replay }], { runs: 15 });

/** The reason why a changed memory breaks a law; "" where it does not. */
const broken = (
  law: typeof lastItems,
  change: <T extends ItemTypes>(
    memory: Memory<T>,
    before: Memory<T>,
    capacity: number,
  ) => Memory<T>,
) => {
  const planted: typeof replay = (capacity, types) => {
    const made = replay(capacity, types);
    return { ...made, add: (memory, items) => change(made.add(memory, items), memory, capacity) };
  };
  const verdict = check(law, { name: "planted", replay: planted }, { runs: 30 });
  return isLeft(verdict) ? verdict.left.reason : "";
};

describe("planted mistakes in replay memories are noticed", () => {
  it("the newest item is overwritten first", () =>
    expect(
      broken(lastItems, (memory, _, capacity) => ({
        ...memory,
        next: rem(add(memory.next, capacity - 1), capacity),
      })),
    ).not.toBe(""));
  it("a full memory stops taking items in", () =>
    expect(
      broken(lastItems, (memory, before, capacity) => ({
        ...memory,
        next: minimum(add(before.next, 1), capacity - 1),
      })),
    ).not.toBe(""));
  it("the size counts on", () =>
    expect(
      broken(lastItems, (memory, before) => ({ ...memory, size: add(before.size, 1) })),
    ).not.toBe(""));
  it("places that hold nothing yet are drawn", () =>
    expect(
      broken(itemsDrawn, (memory, _, capacity) => ({ ...memory, size: fill([], capacity, "i32") })),
    ).not.toBe(""));
  it("the last item is never drawn", () =>
    expect(broken(itemsDrawn, (memory) => ({ ...memory, size: sub(memory.size, 1) }))).not.toBe(
      "",
    ));
});

it("a memory takes no more items at once than it holds", () => {
  const memory = replay(3, { x: { shape: [], dtype: "f32" } });
  const add4 = () => memory.add(memory.empty() as never, { x: fill([4], 1) });
  expect(add4).toThrow(
    expect.objectContaining({ _tag: "InvalidArgument", argument: "capacity", actual: "3" }),
  );
  expect(() => replay(0, {})).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
});
