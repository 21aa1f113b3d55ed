/** Builds the body of a function: statements in order, with numbered locals and labels. */

import { type Sink, unsigned } from "./bytes.ts";
import {
  type Code,
  code,
  emit,
  lift,
  type Operand,
  type Reference,
  typeByte,
  type ValueType,
} from "./code.ts";
import { countable } from "./count.ts";
import { i32 } from "./scalar.ts";

/** A local variable. As code, it is a read of the variable. */
export interface Local<T extends ValueType = ValueType> extends Code<T> {
  readonly set: (value: Operand<T>) => Code<"void">;
  /** Sets the variable, and leaves the value on the stack. */
  readonly tee: (value: Operand<T>) => Code<T>;
}

/** A branch target: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number;
}

export interface Body {
  /** Declares a local, which is zero at entry. */
  readonly local: <T extends ValueType>(type: T) => Local<T>;
  /** Evaluates the value here, once, and keeps it in a local. */
  readonly let: <T extends ValueType>(value: Code<T>) => Local<T>;
  /** Evaluates constants and parameters once, at the function's entry. Equal code shares one local. */
  readonly hoist: <T extends ValueType>(value: Code<T>) => Code<T>;
  /** Appends statements. */
  readonly do: (...statements: readonly Code<"void">[]) => void;
  readonly set: <T extends ValueType>(variable: Local<T>, value: Operand<T>) => void;
  /** Evaluates the value for its side effects, and drops it. */
  readonly drop: (value: Code<ValueType>) => void;
  readonly block: (inside: (end: Label) => void) => void;
  readonly loop: (inside: (again: Label) => void) => void;
  readonly br: (label: Label) => void;
  readonly brIf: (label: Label, condition: Operand<"i32">) => void;
  readonly if: (condition: Operand<"i32">, then: () => void, otherwise?: () => void) => void;
  /** Runs the case at `index`. An index past the last case runs none. */
  readonly switch: (index: Operand<"i32">, cases: readonly (() => void)[]) => void;
  /** `for (i = from; i < to; i += step)` with signed comparison. `to` and `step` are evaluated in every round. */
  readonly for: (
    from: Operand<"i32">,
    to: Operand<"i32">,
    step: Operand<"i32">,
    round: (i: Local<"i32">) => void,
  ) => void;
  readonly return: (value?: Code) => void;
}

const variable = <T extends ValueType>(type: T, index: number): Local<T> => ({
  ...code(type, [0x20, ...unsigned(index)]),
  set: (value) => code("void", lift(type, value), [0x21, ...unsigned(index)]),
  tee: (value) => code(type, lift(type, value), [0x22, ...unsigned(index)]),
});

const block = (opcode: number, inside: readonly Code[]): Code<"void"> =>
  code("void", [opcode, typeByte.void], ...inside, [0x0b]);

/** Opens a function: returns its builder, its parameters, and `encode`, which writes it down. */
export const openBody = (
  params: readonly ValueType[],
): {
  readonly body: Body;
  readonly params: readonly Local[];
  readonly encode: (
    out: Sink,
    result: Code | undefined,
    refer: (reference: Reference) => void,
  ) => void;
} => {
  const locals: ValueType[] = [...params];
  const prelude: Code[] = [];
  const hoisted = new Map<string, Code>();
  let statements: Code[] = [];
  let depth = 0;

  const local = <T extends ValueType>(type: T): Local<T> => variable(type, locals.push(type) - 1);

  const add = (...more: readonly Code[]): void => {
    for (const statement of more) statements.push(statement);
  };

  /** Collects the statements that `inside` appends, apart from those of the enclosing block. */
  const nested = (inside: (label: Label) => void): readonly Code[] => {
    const outer = statements;
    const inner: Code[] = [];
    statements = inner;
    depth += 1;
    inside({ depth });
    depth -= 1;
    statements = outer;
    return inner;
  };

  const to = (label: Label): readonly number[] => unsigned(depth - label.depth);

  const body: Body = {
    local,
    let: (value) => {
      const named = local(value.type);
      add(named.set(value as Operand<typeof value.type>)); // code is an operand of its own type
      return named;
    },
    hoist: <T extends ValueType>(value: Code<T>): Code<T> => {
      const id = JSON.stringify(value);
      const known = hoisted.get(id);
      if (known !== undefined) return known as Code<T>; // the key holds the type
      const named = local(value.type);
      prelude.push(named.set(value as Operand<T>)); // code is an operand of its own type
      hoisted.set(id, named);
      return named;
    },
    do: add,
    set: (target, value) => add(target.set(value)),
    drop: (value) => add(code("void", value, [0x1a])),
    block: (inside) => add(block(0x02, nested(inside))),
    loop: (inside) => add(block(0x03, nested(inside))),
    br: (label) => add(code("void", [0x0c, ...to(label)])),
    brIf: (label, condition) => add(code("void", lift("i32", condition), [0x0d, ...to(label)])),
    if: (condition, then, otherwise) => {
      const yes = nested(then);
      const no = otherwise === undefined ? [] : [code("void", [0x05]), ...nested(otherwise)];
      add(lift("i32", condition), block(0x04, [...yes, ...no]));
    },
    switch: (index, cases) => {
      const inside = (remaining: number, end: Label): void => {
        if (remaining === 0) {
          const targets = [...cases.keys(), cases.length].flatMap(unsigned);
          add(code("void", lift("i32", index), [0x0e, ...unsigned(cases.length), ...targets]));
          return;
        }
        body.block(() => inside(remaining - 1, end));
        // Case blocks nest from the last outwards, so the innermost one ends where case 0 starts.
        cases[remaining - 1]?.();
        body.br(end);
      };
      body.block((end) => inside(cases.length, end));
    },
    for: (from, until, step, round) => {
      if (typeof until === "number" && typeof step === "number") countable(until, step);
      const i = body.let(lift("i32", from));
      const atLeastOnce = typeof from === "number" && typeof until === "number" && from < until;
      const rounds = (): void =>
        body.loop((again) => {
          round(i);
          body.set(i, i32.add(i, step));
          body.brIf(again, i32.lt_s(i, until));
        });
      if (atLeastOnce) rounds();
      else body.if(i32.lt_s(i, until), rounds);
    },
    return: (value) => add(code("void", ...(value === undefined ? [] : [value]), [0x0f])),
  };

  return {
    body,
    params: params.map(variable),
    encode: (out, result, refer) => {
      const types = locals.slice(params.length);
      const runs: [number, ValueType][] = [];
      for (const type of types) {
        const last = runs.at(-1);
        if (last !== undefined && last[1] === type) last[0] += 1;
        else runs.push([1, type]);
      }
      out.bytes(unsigned(runs.length));
      for (const [count, type] of runs) out.bytes([...unsigned(count), typeByte[type]]);
      for (const statement of prelude) emit(out, statement, refer);
      for (const statement of statements) emit(out, statement, refer);
      if (result !== undefined) emit(out, result, refer);
      out.byte(0x0b);
    },
  };
};
