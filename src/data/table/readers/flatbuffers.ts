/**
 * Checks FlatBuffers of bytes that nobody vouches for, before a library follows their offsets: every table, list and text
 * must be within the bytes, and there may not be more of them than bytes.
 *
 * **Source** Google, "FlatBuffers internals": tables, their vtables, and vectors.
 */

/** What a field of a table is: a number of so many bytes, a text, a list of values of so many bytes, or tables. */
export type Slot =
  | { readonly is: "number"; readonly bytes: number }
  | { readonly is: "text" }
  | { readonly is: "list"; readonly bytes: number }
  | { readonly is: "tables"; readonly of: () => Shape }
  | { readonly is: "table"; readonly of: () => Shape }
  /** A table whose shape is told by a byte in the field before it. */
  | { readonly is: "union"; readonly of: (type: number) => Shape };

/** The fields of a table by their place. Others are not followed. */
export type Shape = { readonly [field: number]: Slot };

/** Where bytes are none of a shape. */
export class Astray extends Error {}

const deepest = 64;

/** A list of values: where it begins, and how many there are. */
export interface List {
  readonly at: number;
  readonly length: number;
}

/** A table in bytes that were checked. */
export class Flat {
  readonly view: DataView;
  readonly at: number;
  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
  }

  #field(field: number): number | undefined {
    const vtable = this.at - this.view.getInt32(this.at, true);
    const slot = 4 + 2 * field;
    const offset =
      slot < this.view.getUint16(vtable, true) ? this.view.getUint16(vtable + slot, true) : 0;
    return offset === 0 ? undefined : this.at + offset;
  }

  byte(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.view.getUint8(at);
  }

  /** A whole number of 64 bits, which is infinite where it is beyond what numbers hold exactly. */
  long(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : exact(this.view.getBigInt64(at, true));
  }

  table(field: number): Flat | undefined {
    const at = this.#field(field);
    return at === undefined ? undefined : new Flat(this.view, at + this.view.getUint32(at, true));
  }

  list(field: number): List {
    const at = this.#field(field);
    if (at === undefined) return { at: 0, length: 0 };
    const start = at + this.view.getUint32(at, true);
    return { at: start + 4, length: this.view.getUint32(start, true) };
  }
}

/** A number of 64 bits, infinite beyond 2⁵³. */
export const exact = (n: bigint): number => {
  const number = Number(n);
  return Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY;
};

/** The table at the beginning of bytes, which has a shape. **Fails with** {@link Astray}, thrown. */
export const checked = (bytes: Uint8Array, shape: Shape): Flat => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length;
  // Tables may be shared, so that few bytes could be very many of them.
  let left = size;
  const room = (at: number, length: number): void => {
    if (!(at >= 0 && length >= 0 && at + length <= size))
      throw new Astray("an offset leads outside");
  };
  const target = (at: number): number => {
    room(at, 4);
    const to = at + view.getUint32(at, true);
    room(to, 4);
    return to;
  };
  const listed = (at: number, bytes: number): List => {
    const start = target(at);
    const length = view.getUint32(start, true);
    room(start + 4, length * bytes);
    return { at: start + 4, length };
  };
  const table = (at: number, of: Shape, depth: number): void => {
    if (depth > deepest || left-- <= 0) throw new Astray("there are too many tables");
    room(at, 4);
    const vtable = at - view.getInt32(at, true);
    room(vtable, 4);
    const [length, width] = [view.getUint16(vtable, true), view.getUint16(vtable + 2, true)];
    if (length < 4 || length % 2 !== 0) throw new Astray("a table has no fields");
    room(vtable, length);
    room(at, width);
    for (let slot = 4; slot < length; slot += 2) {
      const offset = view.getUint16(vtable + slot, true);
      const kind = of[(slot - 4) / 2];
      if (offset === 0 || kind === undefined) continue;
      const field = at + offset;
      switch (kind.is) {
        case "number":
          room(field, kind.bytes);
          break;
        case "text":
          listed(field, 1);
          break;
        case "list":
          listed(field, kind.bytes);
          break;
        case "table":
          table(target(field), kind.of(), depth + 1);
          break;
        case "union": {
          const before = slot === 4 ? 0 : view.getUint16(vtable + slot - 2, true);
          if (before !== 0) room(at + before, 1);
          table(target(field), kind.of(before === 0 ? 0 : view.getUint8(at + before)), depth + 1);
          break;
        }
        case "tables": {
          const list = listed(field, 4);
          for (let i = 0; i < list.length; i++)
            table(target(list.at + 4 * i), kind.of(), depth + 1);
        }
      }
    }
  };
  const root = target(0);
  table(root, shape, 0);
  return new Flat(view, root);
};
