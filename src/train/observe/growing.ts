import type { OpenFile } from "../../data/files.ts";
import { writeAll } from "../../io/replaceFile.ts";

/** A file that grows at its end. Bytes wait while earlier ones are written. */
export interface Growing {
  readonly push: (bytes: Uint8Array) => void;
  /** Completes when everything is on the disk. */
  readonly end: () => Promise<void>;
}

/** Writes to the end of a file that is being opened. */
export const growing = (opening: Promise<OpenFile>): Growing => {
  const waiting: Uint8Array[] = [];
  let at = 0;
  let writing: Promise<void> = Promise.resolve();
  let idle = true;
  const write = async (): Promise<void> => {
    const file = await opening;
    while (waiting.length > 0) {
      for (const part of waiting.splice(0)) {
        await writeAll(file, part, at);
        at += part.length;
      }
    }
    idle = true;
  };
  return {
    push: (bytes) => {
      waiting.push(bytes);
      if (!idle) return;
      idle = false;
      writing = write();
      // It is reported at the end.
      writing.catch(() => {});
    },
    end: async () => {
      const file = await opening;
      try {
        await writing;
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
};
