/**
 * The structures of Thrift's compact protocol, which Parquet's headers are written in, of bytes that nobody vouches for:
 * lists are no longer than their bytes, and nothing is nested deeply.
 *
 * **Source** Apache Thrift, "Thrift Compact protocol encoding".
 */

/** A value of a field. Texts are left out. */
export type ThriftValue = number | boolean | undefined | ThriftStruct | readonly ThriftValue[];

/** The values of a structure by the numbers of its fields. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Where something is no structure. */
export class Damaged extends Error {}

const deepest = 24;

/** Reads structures from bytes, one after another. */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The position after what was read. */
  get at(): number {
    return this.#at;
  }

  #skip(bytes: number): void {
    if (!(bytes >= 0 && this.#at + bytes <= this.#bytes.length)) throw new Damaged("it ends early");
    this.#at += bytes;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Damaged("it ends early");
    this.#at++;
    return byte;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new Damaged("a number is too long");
  }

  #zigzag(): number {
    const n = this.#varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }

  /** **Fails with** {@link Damaged}, thrown. */
  struct(depth = 0): ThriftStruct {
    if (depth > deepest) throw new Damaged("it is nested too deeply");
    const fields = new Map<number, ThriftValue>();
    let field = 0;
    for (let byte = this.#byte(); (byte & 15) !== 0; byte = this.#byte()) {
      const step = byte >> 4;
      field = step === 0 ? this.#zigzag() : field + step;
      const type = byte & 15;
      fields.set(field, type <= 2 ? type === 1 : this.#value(type, depth));
    }
    return fields;
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 3:
        return (this.#byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        this.#skip(8);
        return undefined;
      case 8:
        this.#skip(this.#varint());
        return undefined;
      case 9:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new Damaged(`a value is of the unknown type ${type}`);
    }
  }

  #list(depth: number): readonly ThriftValue[] {
    if (depth > deepest) throw new Damaged("it is nested too deeply");
    const byte = this.#byte();
    const [type, short] = [byte & 15, byte >> 4];
    const length = short === 15 ? this.#varint() : short;
    // Each value has a byte at least.
    if (length > this.#bytes.length - this.#at)
      throw new Damaged("a list is longer than its bytes");
    const values: ThriftValue[] = [];
    for (let i = 0; i < length; i++)
      values.push(type <= 2 ? this.#byte() === 1 : this.#value(type, depth + 1));
    return values;
  }
}
