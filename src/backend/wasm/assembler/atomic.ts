/** Atomic access to 32-bit words of shared memory. **Source:** the threads proposal of WebAssembly. */
import { unsigned } from "./bytes.ts";
import { type Code, code, lift, load, type Operand, store } from "./code.ts";

const word = (op: number, offset: number): readonly number[] => [0xfe, op, 2, ...unsigned(offset)];

const readModifyWrite =
  (op: number) =>
  (address: Operand<"i32">, value: Operand<"i32">, offset = 0): Code<"i32"> =>
    code("i32", lift("i32", address), lift("i32", value), word(op, offset));

export const atomic = {
  load: load("i32", 2, 0xfe, 0x10),
  store: store("i32", 2, 0xfe, 0x17),
  add: readModifyWrite(0x1e),
  sub: readModifyWrite(0x25),
  exchange: readModifyWrite(0x41),
  compareExchange: (
    address: Operand<"i32">,
    expected: Operand<"i32">,
    value: Operand<"i32">,
    offset = 0,
  ): Code<"i32"> =>
    code(
      "i32",
      lift("i32", address),
      lift("i32", expected),
      lift("i32", value),
      word(0x48, offset),
    ),
  /** Sleeps while the word equals `expected`, at most `nanoseconds` (−1: for ever). */
  wait: (
    address: Operand<"i32">,
    expected: Operand<"i32">,
    nanoseconds: Operand<"i64">,
    offset = 0,
  ): Code<"i32"> =>
    code(
      "i32",
      lift("i32", address),
      lift("i32", expected),
      lift("i64", nanoseconds),
      word(0x01, offset),
    ),
  notify: readModifyWrite(0x00),
  fence: code("void", [0xfe, 3, 0]),
} as const;
