import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { type ReaderSubject, readsOrRefuses } from "../../laws/data/readers.ts";
import { checkAsync } from "../../laws/law.ts";
import { mustHoldInTime } from "../../laws/vitest.ts";
import { readers } from "../fuzz/readers.ts";

describe.each(readers)("the reader of $name", (reader) => {
  test("reads valid files", async () => {
    for (const file of reader.files)
      expect(await Effect.runPromise(Effect.result(reader.read(file)))).toMatchObject({
        _tag: "Success",
      });
  });

  test("reads or refuses damaged files", async () => {
    await mustHoldInTime(readsOrRefuses, reader, { runs: 60 });
  });
});

describe("planted mistakes are caught", () => {
  const broken = async (read: ReaderSubject["read"]) =>
    isLeft(
      await checkAsync(
        readsOrRefuses,
        {
          name: "planted",
          files: [Uint8Array.of(0, 0, 0, 1, 7, 7, 7, 7)],
          read,
          weight: (value) => (value as Uint8Array).length,
          most: (length) => length,
        },
        { runs: 300 },
      ),
    );
  const count = (bytes: Uint8Array) => bytes[0] as number;

  test("a reader that trusts a header", async () => {
    expect(await broken((bytes) => Effect.sync(() => new Uint8Array(10 * count(bytes))))).toBe(
      true,
    );
  });

  test("a reader that throws, and one with an untyped failure", async () => {
    expect(
      await broken((bytes) => {
        if (bytes.length < 4) throw new RangeError("Offset is outside the bounds of the DataView");
        return Effect.succeed(bytes);
      }),
    ).toBe(true);
    expect(await broken(() => Effect.fail("damaged"))).toBe(true);
  });

  test("a recursive reader", async () => {
    // The depth limit differs from one machine to another.
    const tooDeep = "[".repeat(20_000);
    expect(
      await broken((bytes) =>
        Effect.sync(() => {
          if (new TextDecoder().decode(bytes).includes(tooDeep))
            throw new RangeError("Maximum call stack size exceeded");
          return new Uint8Array();
        }),
      ),
    ).toBe(true);
  });
});
