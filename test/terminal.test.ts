import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatError } from "../src/errors/failure.ts";
import { InvalidPipeline, ModuleThrew } from "../src/errors.ts";
import { explained, recordsText } from "../src/terminal/records.ts";
import { table } from "../src/terminal/table.ts";
import { bytesText, countText, timeText } from "../src/terminal/units.ts";
import { wrapped } from "../src/terminal/wrap.ts";
import {
  amountIn,
  fitted,
  indented,
  jsonLine,
  oneLine,
  padded,
  printable,
  widthOf,
} from "../src/terminal.ts";
import { confusionLines } from "../src/train/operators/confusionTable.ts";
import { progressBar, progressLine } from "../src/train/operators/printProgress.ts";
import { completed, epoch, started, step } from "./train/operators/events.ts";

describe("the cells of a text", () => {
  it.each([
    ["loss", 4],
    ["café", 4],
    ["cafe\u0301", 4],
    ["精度", 4],
    ["정확도", 6],
    ["\u1112\u1161\u11ab", 2],
    ["ﾊﾝｶｸ", 4],
    ["ＡＢ", 4],
    ["ゼンカク", 8],
    ["🎯", 2],
    ["👩‍👩‍👧‍👦", 2],
    ["🇩🇪", 2],
    ["❤\ufe0f", 2],
    ["━─·", 3],
    ["\u200b", 0],
    ["", 0],
  ])("of %j are %i", (text, cells) => {
    expect(widthOf(text)).toBe(cells);
  });

  it("never exceed the fitted width, and no grapheme is cut", () => {
    expect(fitted("精度", 3)).toBe("精");
    expect(fitted("cafe\u0301s", 4)).toBe("cafe\u0301");
    expect(fitted("👩‍👩‍👧‍👦x", 1)).toBe("");
    const text = fc.string({ unit: "grapheme", maxLength: 30 });
    fc.assert(
      fc.property(text, fc.integer({ min: -2, max: 40 }), (s, n) => {
        const short = fitted(s, n);
        expect(widthOf(short)).toBeLessThanOrEqual(Math.max(0, n));
        expect(s.startsWith(short)).toBe(true);
        if (widthOf(s) <= n) expect(short).toBe(s);
        for (const pad of [padded, indented])
          expect(widthOf(pad(s, n))).toBe(Math.max(n, widthOf(s)));
      }),
    );
  });

  it("align the columns of a table", () => {
    const text = table(
      ["名前", "n"],
      [
        ["精度", "1"],
        ["loss", "10"],
        ["🎯🎯🎯", "2"],
      ],
      { numeric: [1] },
    );
    expect(new Set(text.split("\n").map(widthOf))).toEqual(new Set([10]));
  });

  it("align the columns of a confusion matrix", () => {
    const counts = [
      [1, 2],
      [3, 4],
    ];
    const lines = confusionLines({ classes: ["猫", "dog\u001b[2J"], counts });
    expect(new Set(lines.map(widthOf)).size).toBe(1);
    expect(lines.join("")).not.toContain("\u001b");
  });

  it("of a bar are fewer than the columns, for any metric names", () => {
    const wide = { 精度: 0.5, 正確さの指標: 0.25, "🎯🎯": 1 };
    for (const columns of [1, 10, 20, 40, 60, 80, 120])
      expect(widthOf(progressBar({ ...step(150), metrics: wide }, started, columns))).toBeLessThan(
        columns,
      );
    expect(progressBar({ ...step(150), metrics: { 精度: 0.5 } }, started, 80)).toContain("━");
    const names = fc.dictionary(fc.string({ unit: "grapheme" }), fc.double(), { maxKeys: 4 });
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 200 }), (metrics, columns) => {
        const bar = progressBar({ ...step(7), metrics }, started, columns);
        expect(widthOf(bar)).toBeLessThan(columns);
      }),
    );
  });
});

// Characters that a terminal would obey: colors, a title, a cleared screen, an overwritten line, reversed text.
const hostile = "a\u001b[31m\u001b]0;title\u0007\u009b2J\rb\u202ec\u0000\u007f";
const obeyed = /[\p{Cc}\u202e]/u;

describe("untrusted text", () => {
  it("is escaped", () => {
    expect(oneLine(hostile)).toBe("a\\x1b[31m\\x1b]0;title\\x07\\x9b2J\\x0db\\u202ec\\x00\\x7f");
    expect(printable("one\ntwo\t\u001b")).toBe("one\ntwo\t\\x1b");
    expect(oneLine("精度 🎯 é")).toBe("精度 🎯 é");
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(
        text,
        (s) => !obeyed.test(oneLine(s)) && !obeyed.test(printable(s).replaceAll(/[\n\t]/g, "")),
      ),
    );
  });

  it("is escaped in errors, tables, bars, lines and JSON", () => {
    const errors = [
      new InvalidPipeline({ pipeline: hostile, field: hostile, value: hostile, expected: hostile }),
      new ModuleThrew({ module: hostile, reason: hostile, at: hostile }),
    ];
    const metrics = { [hostile]: 0.5 };
    const begun = {
      ...started,
      pipeline: hostile,
      backend: hostile,
      baselines: [{ name: hostile, metrics }],
    };
    const texts = [
      ...errors.map(formatError),
      formatError(new Error(hostile)),
      formatError(hostile),
      table([""], [[hostile]]),
      progressBar({ ...step(3), metrics }, started, 400),
      ...[
        begun,
        { ...epoch(1, 0.5), metrics },
        completed(1),
        { _tag: "Sampled" as const, epoch: 1, step: 1, text: hostile },
        { _tag: "CheckpointSaved" as const, epoch: 1, step: 1, path: hostile, skipped: 0 },
        {
          _tag: "Stopped" as const,
          epoch: 1,
          step: 1,
          reason: hostile,
          test: undefined,
          state: started.state,
        },
      ].map((event) => progressLine(event, begun) ?? ""),
      jsonLine({ [hostile]: hostile }),
    ];
    for (const text of texts) expect(text.replaceAll("\n", "")).not.toMatch(obeyed);
    expect(JSON.parse(jsonLine({ [hostile]: hostile }))).toEqual({ [hostile]: hostile });
  });
});

describe("amounts", () => {
  it.each([
    [countText(999_949), "999.9 k"],
    [countText(999_950), "1.0 M"],
    [countText(999_999), "1.0 M"],
    [countText(1e6), "1.0 M"],
    [bytesText(2 ** 20 - 1), "1.0 MiB"],
    [bytesText(2 ** 20 - 60_000), "965.4 KiB"],
    [bytesText(2 ** 30 - 1), "1.0 GiB"],
    [timeText(0.9999999), "1.00 s"],
    [timeText(0.00099999), "1.00 ms"],
    [timeText(9.999e-7), "1.0 µs"],
    [timeText(9.994e-7), "999 ns"],
  ])("%s", (text, expected) => {
    expect(text).toBe(expected);
  });

  it("never reach a thousand of a unit if there is a larger one", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (n) => {
        const whole = Math.floor(n);
        for (const [text, base] of [
          [countText(whole), 1000],
          [bytesText(whole), 1024],
          [
            amountIn(10, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"], 0)(whole),
            10,
          ],
        ] as const)
          expect(Number(text.split(" ")[0])).toBeLessThan(base);
        expect(Number(timeText(n * 1e-9).split(" ")[0])).toBeLessThan(1000);
      }),
    );
  });
});

describe("records", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 12 });
  const parts = fc.array(text, { minLength: 2, maxLength: 5 });

  it("are no wider than the terminal, and nothing of them is lost", () => {
    fc.assert(
      fc.property(
        parts,
        fc.array(parts, { minLength: 1, maxLength: 4 }),
        fc.nat(60),
        (names, rows, n) => {
          const all = rows.map((row) => names.map((name, i) => [name, row[i] ?? ""] as const));
          const columns = n + 4; // a character may take two cells, beside an indent of two
          const said = recordsText(all, columns);
          for (const line of said.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(columns);
          const letters = said.replaceAll(/\s/gu, "");
          for (const [, value] of all.flat())
            expect(letters).toContain(oneLine(value).replaceAll(/\s/gu, ""));
        },
      ),
    );
  });

  it("are a table where that fits, and else paragraphs of lines that begin below one another", () => {
    const record = [
      ["run", "a"],
      ["loss", "1.5000, best 1.0000, test 0.2500 and more"],
      ["seed", ""],
    ] as const;
    expect(recordsText([record], 80).split("\n")[0]).toBe(
      "run  loss                                       seed",
    );
    expect(recordsText([record], 40).split("\n")).toEqual([
      "a",
      "  loss  1.5000, best 1.0000, test 0.2500",
      "        and more",
    ]);
    expect(recordsText([], 40)).not.toContain("undefined");
  });
});

describe("what is said of names", () => {
  it("has no blanks at the ends of its lines, however long the names are and whatever room there is", () => {
    const name = fc.stringMatching(/^[a-z]{1,40}$/);
    const said = fc.stringMatching(/^( {0,3}[a-z]{0,12}){0,5} {0,2}$/);
    fc.assert(
      fc.property(
        ...[fc.array(fc.tuple(name, said), { maxLength: 4 }), fc.integer({ min: 1, max: 80 })],
        (all, columns) => {
          for (const line of explained(all, columns)) expect(line).toBe(line.trimEnd());
        },
      ),
    );
    expect(explained([["--a-name-that-is-long", ""]], 30)).toEqual(["  --a-name-that-is-long"]);
  });
});

describe("wrapped", () => {
  it("tears no character apart, of however many code points, where nothing fits", () => {
    const family = "👨‍👩‍👧";
    expect(wrapped(family, 1)).toEqual([family]);
    expect(wrapped(`a${family}e\u0301`, 1)).toEqual(["a", family, "e\u0301"]);
    // Longer than what is looked at first.
    const stacked = `漢${"\u0301".repeat(200)}`;
    expect(wrapped(`${stacked}a`, 1)).toEqual([stacked, "a"]);
    const whole = fc.constantFrom(family, "🇨🇭", "e\u0301", "漢", "a", "👍🏽");
    fc.assert(
      fc.property(fc.array(whole), fc.integer({ min: 1, max: 5 }), (drawn, cells) => {
        const shown = new Intl.Segmenter("en", { granularity: "grapheme" });
        const parts = wrapped(drawn.join(""), cells);
        const found = parts.flatMap((part) => [...shown.segment(part)].map((s) => s.segment));
        expect(found).toEqual([...shown.segment(drawn.join(""))].map((s) => s.segment));
      }),
    );
  });

  it("breaks a line so that no part is too wide, and loses nothing but blanks", () => {
    const text = fc
      .string({ unit: "grapheme" })
      .map((line) => line.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "x"));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 30 }), fc.nat(6), (line, cells, hang) => {
        const parts = wrapped(line, cells, hang);
        // A character that is wider itself stands alone.
        const seen = new Intl.Segmenter("en", { granularity: "grapheme" });
        for (const part of parts)
          if ([...seen.segment(part)].length > 1) expect(widthOf(part)).toBeLessThanOrEqual(cells);
        const solid = (of: string) => of.replaceAll(" ", "");
        expect(solid(parts.join(""))).toBe(solid(line));
      }),
    );
    expect(wrapped("one two three", 7, 2)).toEqual(["one two", "  three"]);
  });

  it("breaks a word as long as a book", () => {
    expect(wrapped("x".repeat(2 ** 19), 4)).toHaveLength(2 ** 17);
  });

  it("gives up the blanks at the start of a line where its first word needs their cells", () => {
    expect(wrapped("  abcdefgh", 8)).toEqual(["abcdefgh"]);
    expect(wrapped("  abcdef", 8)).toEqual(["  abcdef"]);
    // Drawn by the property above: a note of three cells after a blank.
    const note = "\u{1d158}\u{1d165}\u{1d16e}";
    expect(wrapped(` ${note}`, 3)).toEqual([note]);
  });

  it("breaks lines of blanks and words, which random graphemes seldom are", () => {
    const line = fc.array(fc.stringMatching(/^( {1,4}[a-z]{1,12}| {1,4})$/), { maxLength: 6 });
    fc.assert(
      fc.property(line, fc.integer({ min: 2, max: 14 }), fc.nat(6), (parts, cells, hang) => {
        for (const part of wrapped(parts.join(""), cells, hang))
          expect(widthOf(part)).toBeLessThanOrEqual(cells);
      }),
      { numRuns: 500 },
    );
  });
});
