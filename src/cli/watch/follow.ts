import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { type EventJson, eventJsonCodec } from "../../train/events/codec.ts";

/** A file of events that grows, read as far as it was written. */
export interface Followed {
  readonly events: readonly EventJson[];
  /** It changes with every event. */
  readonly version: number;
}

/** The most bytes that are read at once. */
const pieceBytes = 2 ** 22;

/**
 * Follows a file of events: each call reads what was added since the last one. Where the file was replaced, as by a run
 * that is resumed, it is read from its beginning. A line that is not whole waits for its rest, and one that is no event is
 * left out.
 */
export const followed = (path: string): (() => Followed) => {
  let events: EventJson[] = [];
  let [at, inode, version, half] = [0, -1, 0, ""];
  let decoder = new TextDecoder();
  const add = (line: string): void => {
    try {
      const read = eventJsonCodec.decode(JSON.parse(line));
      if (E.isRight(read)) events.push(read.right);
    } catch {
      // Half of a line that a process left which was killed.
    }
  };
  return () => {
    let file: number;
    try {
      file = openSync(path, "r");
    } catch {
      return { events, version };
    }
    try {
      const { ino, size } = fstatSync(file);
      if (ino !== inode || size < at) {
        [events, at, inode, half] = [[], 0, ino, ""];
        decoder = new TextDecoder();
        version++;
      }
      const piece = new Uint8Array(Math.min(pieceBytes, Math.max(0, size - at)));
      while (at < size) {
        const read = readSync(file, piece, 0, Math.min(piece.length, size - at), at);
        if (read === 0) break;
        at += read;
        const lines = `${half}${decoder.decode(piece.subarray(0, read), { stream: true })}`.split(
          "\n",
        );
        half = lines.pop() ?? "";
        for (const line of lines) if (line !== "") add(line);
        version++;
      }
      return { events, version };
    } finally {
      closeSync(file);
    }
  };
};
