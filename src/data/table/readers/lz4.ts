/** The beginning of a frame. */
const magic = 0x184d2204;

/** A block, whose matches may lead into the blocks before it. Returns the position after what it writes. */
const block = (input: Uint8Array, output: Uint8Array, start: number): number => {
  let [at, to] = [0, start];
  const length = (first: number): number => {
    if (first < 15) return first;
    let n = first;
    for (let byte = 255; byte === 255; ) {
      if (at >= input.length) throw new Error("a block of LZ4 ends early");
      byte = input[at++] as number;
      n += byte;
    }
    return n;
  };
  while (at < input.length) {
    const token = input[at++] as number;
    const literals = length(token >> 4);
    if (at + literals > input.length || to + literals > output.length)
      throw new Error("a block of LZ4 is longer than it says");
    output.set(input.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    // The last of a block has no match.
    if (at >= input.length) break;
    const distance = (input[at] as number) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    const matched = length(token & 15) + 4;
    if (distance === 0 || distance > to || to + matched > output.length)
      throw new Error("a block of LZ4 leads outside");
    for (let i = 0; i < matched; i++, to++) output[to] = output[to - distance] as number;
  }
  return to;
};

/**
 * Decompresses a frame of LZ4 to a known number of bytes. Checksums are not compared.
 *
 * hyparquet-compressors has the blocks of LZ4 alone, and the blocks of a frame may lead into one another.
 *
 * **Fails with** an error, thrown, where the frame is damaged or has another size.
 * **Source** Collet, "LZ4 Frame Format Description" and "LZ4 Block Format Description".
 */
export const lz4Frame = (input: Uint8Array, size: number): Uint8Array => {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const flags = input[4] ?? 0;
  if (input.length < 7 || view.getUint32(0, true) !== magic || flags >> 6 !== 1)
    throw new Error("it is no frame of LZ4");
  const hasSize = (flags & 8) !== 0;
  const hasSum = (flags & 16) !== 0;
  let at = 7 + (hasSize ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0);
  const output = new Uint8Array(size);
  let to = 0;
  for (;;) {
    if (at + 4 > input.length) throw new Error("a frame of LZ4 ends early");
    const said = view.getUint32(at, true);
    at += 4;
    if (said === 0) break;
    const [length, plain] = [said & 0x7fffffff, said >>> 31 === 1];
    if (at + length > input.length) throw new Error("a frame of LZ4 ends early");
    const part = input.subarray(at, at + length);
    if (plain) {
      if (to + length > size) throw new Error("a frame of LZ4 is longer than it says");
      output.set(part, to);
      to += length;
    } else to = block(part, output, to);
    at += length + (hasSum ? 4 : 0);
  }
  if (to !== size) throw new Error("a frame of LZ4 is shorter than it says");
  return output;
};
