/** Builds a module and encodes it. **Source:** WebAssembly Core, §5.5. */
import { type Body, type Local, openBody } from "./body.ts";
import { name, type Sink, sink, unsigned } from "./bytes.ts";
import {
  type Code,
  code,
  emit,
  lift,
  type Operand,
  type Reference,
  type ResultType,
  typeByte,
  type ValueType,
} from "./code.ts";

export type Values<P extends readonly ValueType[]> = { readonly [I in keyof P]: Operand<P[I]> };
export type Locals<P extends readonly ValueType[]> = { readonly [I in keyof P]: Local<P[I]> };

/** A function of the module, defined or imported. {@link call} applies it. */
export interface Fn<P extends readonly ValueType[], R extends ResultType> extends Reference {
  readonly space: "function";
  readonly params: P;
  readonly result: R;
}

export interface Global<T extends ValueType> extends Reference {
  readonly space: "global";
  readonly get: Code<T>;
  readonly set: (value: Operand<T>) => Code<"void">;
}

/** A passive data segment: bytes that the module carries, and copies into memory only on demand. */
export interface Passive {
  /** Copies `bytes` bytes from `from` of the segment to `to` in memory. */
  readonly init: (to: Operand<"i32">, from: Operand<"i32">, bytes: Operand<"i32">) => Code<"void">;
  readonly drop: Code<"void">;
}

/** Memory limits in pages of 64 KiB. Shared memory needs a maximum. */
export type MemoryLimits =
  | { readonly initial: number; readonly maximum?: number; readonly shared?: false }
  | { readonly initial: number; readonly maximum: number; readonly shared: true };

export interface ModuleBuilder {
  readonly importMemory: (from: string, field: string, limits: MemoryLimits) => void;
  /** Adds a memory to the module, exported under `exportAs`. */
  readonly memory: (limits: MemoryLimits, exportAs?: string) => void;
  /** Imports a function. Equal imports return the same function. */
  readonly importFunction: <const P extends readonly ValueType[], R extends ResultType>(
    from: string,
    field: string,
    params: P,
    result: R,
  ) => Fn<P, R>;
  /** Adds a function; `define` writes its body and returns its result, if it has one. */
  readonly func: <const P extends readonly ValueType[], R extends ResultType>(
    name: string,
    params: P,
    result: R,
    define: (body: Body, ...params: Locals<P>) => R extends "void" ? void : Code<R>,
  ) => Fn<P, R>;
  /** Returns the function stored under `key`; at the first use of the key, calls `make` and stores its function. */
  readonly once: <F extends Fn<readonly ValueType[], ResultType>>(key: string, make: () => F) => F;
  readonly export: (name: string, fn: Reference & { readonly space: "function" }) => void;
  readonly global: <T extends ValueType>(name: string, initial: Code<T>) => Global<T>;
  /** Bytes that are written to `address` when the module is instantiated. */
  readonly data: (address: number, bytes: Uint8Array) => void;
  readonly passive: (bytes: Uint8Array) => Passive;
  readonly encode: () => Uint8Array<ArrayBuffer>;
}

/** `fn(...values)` */
export const call = <P extends readonly ValueType[], R extends ResultType>(
  fn: Fn<P, R>,
  ...values: Values<P>
): Code<R> =>
  code(
    fn.result,
    ...fn.params.map((type, i) => lift(type, values[i] as Operand<typeof type>)), // Values pairs them
    [0x10],
    fn,
  );

const limitBytes = (limits: MemoryLimits): readonly number[] => [
  (limits.maximum === undefined ? 0 : 1) + (limits.shared === true ? 2 : 0),
  ...unsigned(limits.initial),
  ...(limits.maximum === undefined ? [] : unsigned(limits.maximum)),
];

/** Makes names unique: returns `wanted` if it is free, or else `wanted.1`, `wanted.2`, … */
const freshIn = (taken: ReadonlyMap<string, unknown>): ((wanted: string) => string) => {
  const rounds = new Map<string, number>();
  return (wanted) => {
    for (let round = rounds.get(wanted) ?? 0; ; round++) {
      const candidate = round === 0 ? wanted : `${wanted}.${round}`;
      if (taken.has(candidate)) continue;
      rounds.set(wanted, round + 1);
      return candidate;
    }
  };
};

type Resolve = (reference: Reference) => number;

/** The encoded bytes of a function, and the positions where the numbers of other functions are filled in. */
interface Written {
  readonly bytes: Uint8Array;
  readonly holes: readonly { readonly at: number; readonly reference: Reference }[];
}

const written = (write: (out: Sink, refer: (reference: Reference) => void) => void): Written => {
  const out = sink();
  const holes: { readonly at: number; readonly reference: Reference }[] = [];
  write(out, (reference) => holes.push({ at: out.length(), reference }));
  return { bytes: out.finish(), holes };
};

const fillIn = (out: Sink, { bytes, holes }: Written, resolve: Resolve): void => {
  let from = 0;
  for (const { at, reference } of holes) {
    out.bytes(bytes.subarray(from, at));
    out.bytes(unsigned(resolve(reference)));
    from = at;
  }
  out.bytes(bytes.subarray(from));
};

export const moduleBuilder = (): ModuleBuilder => {
  const types = new Map<string, { readonly index: number; readonly bytes: readonly number[] }>();
  const imports: (readonly number[])[] = [];
  const imported = new Map<string, Fn<readonly ValueType[], ResultType>>();
  const defined = new Map<string, Written>();
  const declared: number[] = [];
  const globals = new Map<string, Code<ValueType>>();
  const freshFunction = freshIn(defined);
  const freshGlobal = freshIn(globals);
  const known = new Map<string, Fn<readonly ValueType[], ResultType>>();
  const memories: (readonly number[])[] = [];
  const exports: ((resolve: Resolve) => readonly number[])[] = [];
  const segments: { readonly head: readonly number[]; readonly bytes: Uint8Array }[] = [];

  const typeIndex = (params: readonly ValueType[], result: ResultType): number => {
    const key = `${params.join()}>${result}`;
    const known = types.get(key);
    if (known !== undefined) return known.index;
    const index = types.size;
    const results = result === "void" ? [0] : [1, typeByte[result]];
    const bytes = [
      0x60,
      ...unsigned(params.length),
      ...params.map((type) => typeByte[type]),
      ...results,
    ];
    types.set(key, { index, bytes });
    return index;
  };

  const encode = (): Uint8Array<ArrayBuffer> => {
    const functionNames = [...imported.keys(), ...defined.keys()];
    const functionAt = new Map(functionNames.map((each, i) => [each, i]));
    const globalAt = new Map(Array.from(globals.keys(), (each, i) => [each, i]));
    const resolve: Resolve = ({ space, name: of }) =>
      (space === "function" ? functionAt : globalAt).get(of)!;

    const sized = (write: (inner: Sink) => void): readonly [readonly number[], Uint8Array] => {
      const inner = sink();
      write(inner);
      const bytes = inner.finish();
      return [unsigned(bytes.length), bytes];
    };
    const put = (out: Sink, [length, bytes]: readonly [readonly number[], Uint8Array]): void => {
      out.bytes(length);
      out.bytes(bytes);
    };

    const out = sink(1 << 16);
    const section = <A>(id: number, items: readonly A[], write: (inner: Sink, item: A) => void) => {
      if (items.length === 0) return;
      out.byte(id);
      const contents = sized((inner) => {
        inner.bytes(unsigned(items.length));
        for (const item of items) write(inner, item);
      });
      put(out, contents);
    };
    const plain = (inner: Sink, bytes: readonly number[]): void => inner.bytes(bytes);

    out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(
      1,
      Array.from(types.values(), ({ bytes }) => bytes),
      plain,
    );
    section(2, imports, plain);
    section(3, declared.map(unsigned), plain);
    section(5, memories, plain);
    section(6, [...globals.values()], (inner, initial) => {
      inner.bytes([typeByte[initial.type], 1]);
      emit(inner, initial, (reference) => inner.bytes(unsigned(resolve(reference))));
      inner.byte(0x0b);
    });
    section(
      7,
      exports.map((entry) => entry(resolve)),
      plain,
    );
    if (segments.length > 0) {
      out.byte(12);
      put(
        out,
        sized((inner) => inner.bytes(unsigned(segments.length))),
      );
    }
    section(10, [...defined.values()], (inner, each) =>
      put(
        inner,
        sized((body) => fillIn(body, each, resolve)),
      ),
    );
    section(11, segments, (inner, { head, bytes }) => {
      inner.bytes(head);
      inner.bytes(unsigned(bytes.length));
      inner.bytes(bytes);
    });
    // Names let profiles and traps show functions by name instead of by number.
    out.byte(0);
    const names = sized((inner) => {
      inner.bytes(unsigned(functionNames.length));
      for (const [i, each] of functionNames.entries()) {
        inner.bytes(unsigned(i));
        inner.bytes(name(each));
      }
    });
    put(
      out,
      sized((inner) => {
        inner.bytes([...name("name"), 1]);
        put(inner, names);
      }),
    );
    return out.finish();
  };

  return {
    importMemory: (from, field, limits) => {
      imports.push([...name(from), ...name(field), 2, ...limitBytes(limits)]);
    },
    memory: (limits, exportAs) => {
      memories.push(limitBytes(limits));
      if (exportAs !== undefined) exports.push(() => [...name(exportAs), 2, 0]);
    },
    importFunction: <const P extends readonly ValueType[], R extends ResultType>(
      from: string,
      field: string,
      params: P,
      result: R,
    ) => {
      const id = `${from}.${field}`;
      const fn = { space: "function", name: id, params, result } as const;
      if (!imported.has(id)) {
        imports.push([...name(from), ...name(field), 0, ...unsigned(typeIndex(params, result))]);
        imported.set(id, fn);
      }
      return fn;
    },
    func: <const P extends readonly ValueType[], R extends ResultType>(
      wanted: string,
      params: P,
      result: R,
      define: (body: Body, ...params: Locals<P>) => R extends "void" ? void : Code<R>,
    ) => {
      const { body, params: locals, encode: write } = openBody(params);
      // Parameters are defined first, so that a body can call its own function.
      const parameters = locals as readonly Local[] as Locals<P>; // one local per parameter type
      const answer = define(body, ...parameters) as Code | undefined; // void is undefined
      const id = freshFunction(wanted);
      declared.push(typeIndex(params, result));
      defined.set(
        id,
        written((out, refer) => write(out, result === "void" ? undefined : answer, refer)),
      );
      return { space: "function", name: id, params, result } as const;
    },
    once: <F extends Fn<readonly ValueType[], ResultType>>(key: string, make: () => F): F => {
      const fn = (known.get(key) as F | undefined) ?? make(); // a key is of functions of one type
      known.set(key, fn);
      return fn;
    },
    export: (as, fn) => {
      exports.push((resolve) => [...name(as), 0, ...unsigned(resolve(fn))]);
    },
    global: <T extends ValueType>(wanted: string, initial: Code<T>): Global<T> => {
      const id = freshGlobal(wanted);
      globals.set(id, initial);
      const reference: Reference = { space: "global", name: id };
      return {
        space: "global",
        name: id,
        get: code(initial.type, [0x23], reference),
        set: (value) => code("void", lift(initial.type, value), [0x24], reference),
      };
    },
    data: (address, bytes) => {
      const offset: Code<"i32"> = lift("i32", address);
      const out = sink(8);
      emit(out, offset, () => undefined); // a number refers to nothing
      segments.push({ head: [0, ...out.finish(), 0x0b], bytes });
    },
    passive: (bytes) => {
      const index = segments.push({ head: [1], bytes }) - 1;
      return {
        init: (to, from, count) =>
          code("void", lift("i32", to), lift("i32", from), lift("i32", count), [
            0xfc,
            8,
            ...unsigned(index),
            0,
          ]),
        drop: code("void", [0xfc, 9, ...unsigned(index)]),
      };
    },
    encode,
  };
};
