/** Pieces of code as immutable values. Each knows its result type and its parts. */
import { double, type Sink, signed, signedLong, single, unsigned } from "./bytes.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";
export type ResultType = ValueType | "void";

/** Code that leaves one value of type `T` (or nothing) on the stack. */
export interface Code<T extends ResultType = ResultType> {
  readonly type: T;
  readonly parts: readonly Part[];
}

/** A function or a global. Its number is known only when the module is encoded. */
export interface Reference {
  readonly space: "function" | "global";
  readonly name: string;
}

/** Raw bytes, code that runs first, or a number to be resolved. */
export type Part = readonly number[] | Code | Reference;

/** An operand of type `T`: code, or a number that stands for a constant. */
export type Operand<T extends ResultType> =
  | Code<T>
  | (T extends "i32" | "f32" | "f64" ? number : T extends "i64" ? number | bigint : never);

export const code = <T extends ResultType>(type: T, ...parts: readonly Part[]): Code<T> => ({
  type,
  parts,
});

const constantBytes = (type: ResultType, value: number | bigint): readonly number[] => {
  switch (type) {
    case "i32":
      return [0x41, ...signed(Number(value) | 0)];
    case "i64":
      return [0x42, ...signedLong(BigInt.asIntN(64, BigInt(value)))];
    case "f32":
      return [0x43, ...single(Number(value))];
    case "f64":
      return [0x44, ...double(Number(value))];
    default:
      throw new TypeError(`no numeric constant has type ${type}`);
  }
};

/** Turns a number into a constant of type `T`, and returns code unchanged. */
export const lift = <T extends ResultType>(type: T, operand: Operand<T>): Code<T> =>
  typeof operand === "number" || typeof operand === "bigint"
    ? code(type, constantBytes(type, operand))
    : (operand as Code<T>); // a conditional type is not narrowed by typeof; numbers are gone

/** Writes code with operands before their operator, as a stack machine needs it. `refer` writes a reference. */
export const emit = (out: Sink, value: Code, refer: (reference: Reference) => void): void => {
  for (const part of value.parts) {
    if ("length" in part) out.bytes(part);
    else if ("space" in part) refer(part);
    else emit(out, part, refer);
  }
};

export const typeByte: Readonly<Record<ResultType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  void: 0x40,
};

// Instruction shapes. Each takes the operand types, the result type and the opcode's bytes.

type Opcode = readonly number[];

export const unary =
  <A extends ValueType, T extends ResultType>(a: A, type: T, ...op: Opcode) =>
  (x: Operand<A>): Code<T> =>
    code(type, lift(a, x), op);

export const binary =
  <A extends ValueType, B extends ValueType, T extends ResultType>(
    a: A,
    b: B,
    type: T,
    ...op: Opcode
  ) =>
  (x: Operand<A>, y: Operand<B>): Code<T> =>
    code(type, lift(a, x), lift(b, y), op);

export const ternary =
  <A extends ValueType, T extends ResultType>(a: A, type: T, ...op: Opcode) =>
  (x: Operand<A>, y: Operand<A>, z: Operand<A>): Code<T> =>
    code(type, lift(a, x), lift(a, y), lift(a, z), op);

/** `align` is the base-two logarithm of the access's natural width. */
export const load =
  <T extends ValueType>(type: T, align: number, ...op: Opcode) =>
  (address: Operand<"i32">, offset = 0): Code<T> =>
    code(type, lift("i32", address), [...op, align, ...unsigned(offset)]);

export const store =
  <T extends ValueType>(type: T, align: number, ...op: Opcode) =>
  (address: Operand<"i32">, value: Operand<T>, offset = 0): Code<"void"> =>
    code("void", lift("i32", address), lift(type, value), [...op, align, ...unsigned(offset)]);
