/** The number encodings of WebAssembly's binary format. **Source:** WebAssembly Core 3.0, §5.2. */

const scratch = new DataView(new ArrayBuffer(8));

/** Unsigned LEB128, for natural numbers below 2³². */
export const unsigned = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 0x80))];

/** Signed LEB128 of an integer of 32 bits. */
export const signed = (value: number): readonly number[] => {
  const low = value & 0x7f;
  const rest = value >> 7;
  const last = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40);
  return last ? [low] : [low | 0x80, ...signed(rest)];
};

/** Signed LEB128 of an integer of any size. */
export const signedLong = (value: bigint): readonly number[] => {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return last ? [low] : [low | 0x80, ...signedLong(rest)];
};

/** The four little-endian bytes of an f32. */
export const single = (value: number): readonly number[] => {
  scratch.setFloat32(0, value, true);
  return [0, 1, 2, 3].map((i) => scratch.getUint8(i));
};

/** The eight little-endian bytes of an f64. */
export const double = (value: number): readonly number[] => {
  scratch.setFloat64(0, value, true);
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => scratch.getUint8(i));
};

/** The four little-endian bytes of an integer, signed or not. */
export const word = (value: number): readonly number[] =>
  [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** A name: its length, then its UTF-8. */
export const name = (text: string): readonly number[] => {
  const utf8 = new TextEncoder().encode(text);
  return [...unsigned(utf8.length), ...utf8];
};

/** Bytes that grow at the end. */
export interface Sink {
  readonly byte: (value: number) => void;
  readonly bytes: (values: ArrayLike<number>) => void;
  readonly length: () => number;
  readonly finish: () => Uint8Array<ArrayBuffer>;
}

export const sink = (capacity = 1024): Sink => {
  let buffer = new Uint8Array(capacity);
  let length = 0;
  const reserve = (extra: number): void => {
    if (length + extra <= buffer.length) return;
    const grown = new Uint8Array(2 * (length + extra));
    grown.set(buffer.subarray(0, length));
    buffer = grown;
  };
  return {
    byte: (value) => {
      reserve(1);
      buffer[length++] = value;
    },
    bytes: (values) => {
      reserve(values.length);
      if (values.length > 32) {
        buffer.set(values, length);
        length += values.length;
      } else for (let i = 0; i < values.length; i++) buffer[length++] = values[i]!;
    },
    length: () => length,
    finish: () => buffer.slice(0, length),
  };
};
