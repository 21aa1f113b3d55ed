import { DataMismatch, DataSourceError } from "../../errors.ts";
import { type DataFile, isAddress } from "./declared.ts";

/** Node's files and hashes; this module is for Node alone. */
const fs = () => process.getBuiltinModule("node:fs/promises");

/** How a download is carried out. */
export interface Downloading {
  /** What the file belongs to, for errors. */
  readonly name: string;
  /** Seconds without a byte after which a connection counts as stalled. Defaults to 30. */
  readonly patience?: number;
  /** How often a connection that was cut off is taken up again. Defaults to 4. */
  readonly attempts?: number;
  /** Is told how many bytes of the file are there. */
  readonly progress?: (bytes: number) => void;
  /** Aborts the download; what has arrived is kept. */
  readonly signal?: AbortSignal;
}

/** What is known of a partial file: its address, and the version of it that the server named. */
interface Partial {
  readonly address: string;
  readonly tag: string | undefined;
}

const readPartial = async (file: string): Promise<Partial | undefined> => {
  try {
    const found: unknown = JSON.parse(await fs().readFile(file, "utf8"));
    if (typeof found !== "object" || found === null || !("address" in found)) return undefined;
    const tag = "tag" in found && typeof found.tag === "string" ? found.tag : undefined;
    return { address: String(found.address), tag };
  } catch {
    return undefined;
  }
};

const sizeOf = async (file: string): Promise<number> =>
  fs()
    .stat(file)
    .then(({ size }) => size)
    .catch(() => 0);

/** The most redirections that are followed. */
const mostHops = 5;

/** A reason to try again later: what has arrived is kept. */
class Interrupted extends Error {}

/** Fetches an address, and follows redirections to addresses as safe as it is. */
const answered = async (
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  refuse: (reason: string) => Error,
): Promise<Response> => {
  let at = address;
  for (let hop = 0; hop <= mostHops; hop++) {
    const response = await fetch(at, { headers, redirect: "manual", signal });
    const to = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || to === null) return response;
    await response.body?.cancel();
    const next = URL.canParse(to, at) ? new URL(to, at).href : to;
    if (!isAddress(next) || (at.startsWith("https:") && !next.startsWith("https:")))
      throw refuse(`it redirects to ${next}, which is no https address`);
    at = next;
  }
  throw refuse(`it redirects more than ${mostHops} times`);
};

/** The first byte of a part, and the size of the whole, as a server says them. */
const rangeOf = (response: Response): readonly [start: number, size: number] | undefined => {
  const said = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  return said === null ? undefined : [Number(said[1]), Number(said[2])];
};

/** A strong version of a file: one with which a server promises the same bytes. */
const tagOf = (response: Response): string | undefined => {
  const tag = response.headers.get("etag");
  return tag === null || tag.startsWith("W/") ? undefined : tag;
};

/** Fetches what is missing of a file, once. */
const fetchRest = async (
  { address, bytes, path }: DataFile,
  partial: string,
  { patience = 30, progress, signal, name }: Downloading,
): Promise<void> => {
  const about = `${partial}.json`;
  const refuse = (reason: string): Error => new DataSourceError({ source: address, reason });
  const wrongSize = (actual: number | string): Error =>
    new DataMismatch({
      name,
      file: path,
      of: "size",
      expected: String(bytes),
      actual: String(actual),
      from: address,
    });
  const before = await readPartial(about);
  const known = before?.address === address && before.tag !== undefined;
  let have = known ? await sizeOf(partial) : 0;
  if (have === bytes && bytes > 0) return;
  if (have > bytes) have = 0;

  const stalled = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), 1000 * patience);
  };
  const aborts = signal === undefined ? stalled.signal : AbortSignal.any([stalled.signal, signal]);
  const why = (error: unknown): Error => {
    if (signal?.aborted) return new Interrupted("it was stopped");
    if (stalled.signal.aborted)
      return new Interrupted(`nothing arrived for ${patience} s, after ${have} of ${bytes} bytes`);
    return new Interrupted(`it was cut off after ${have} of ${bytes} bytes (${messageOf(error)})`);
  };
  const rest = have > 0 ? { range: `bytes=${have}-`, "if-range": before?.tag ?? "" } : {};
  alive();
  try {
    const headers = { "accept-encoding": "identity", ...rest };
    const response = await answered(address, headers, aborts, refuse).catch((error: unknown) => {
      throw error instanceof DataSourceError ? error : why(error);
    });
    const begin = async (): Promise<void> => {
      have = 0;
      await fs().writeFile(about, JSON.stringify({ address, tag: tagOf(response) }));
    };
    if (response.status === 416) {
      // The server has fewer bytes than are here: they are of another version.
      await response.body?.cancel();
      await fs().rm(partial, { force: true });
      await fs().rm(about, { force: true });
      throw new Interrupted("the server has another version than the part that is here");
    }
    if (response.status === 206) {
      const [start, size] = rangeOf(response) ?? [Number.NaN, Number.NaN];
      if (size !== bytes) throw wrongSize(size);
      if (start !== have)
        throw refuse(`it was asked for bytes from ${have} on, and sends those from ${start} on`);
    } else if (response.status === 200) {
      const length = response.headers.get("content-length");
      const isPlain = (response.headers.get("content-encoding") ?? "identity") === "identity";
      if (isPlain && length !== null && Number(length) !== bytes) throw wrongSize(length);
      await begin();
    } else if (response.status >= 500 || response.status === 429) {
      throw new Interrupted(`the server answers ${response.status}`);
    } else throw refuse(`the server answers ${response.status} ${response.statusText}`.trim());

    const file = await fs().open(partial, have === 0 ? "w" : "r+");
    try {
      await file.truncate(have);
      const body = response.body ?? new Blob([]).stream();
      for await (const part of body) {
        alive();
        if (have + part.length > bytes) throw wrongSize(`more than ${bytes}`);
        await file.write(part, 0, part.length, have);
        have += part.length;
        progress?.(have);
      }
    } catch (error) {
      throw error instanceof DataMismatch ? error : why(error);
    } finally {
      await file.close();
    }
    if (have < bytes) throw why("it ended early");
  } catch (error) {
    if (error instanceof DataMismatch) await forget(partial);
    throw error;
  } finally {
    clearTimeout(timer);
    stalled.abort();
  }
};

const messageOf = (error: unknown): string =>
  error instanceof Error
    ? error.cause instanceof Error
      ? error.cause.message
      : error.message
    : String(error);

/** Removes a partial file. */
export const forget = async (partial: string): Promise<void> => {
  await fs().rm(partial, { force: true });
  await fs().rm(`${partial}.json`, { force: true });
};

/**
 * Fetches a file to `partial`. What arrived before a connection was cut off is kept where the server names versions
 * (a strong ETag), and the rest is asked for from there on, also by a later process.
 *
 * **Fails with** `DataMismatch`, thrown, where the server tells or sends another size; `DataSourceError`, thrown, for
 * everything else.
 */
export const download = async (
  file: DataFile,
  partial: string,
  how: Downloading,
): Promise<void> => {
  const { attempts = 4, signal } = how;
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchRest(file, partial, how);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (attempt >= attempts || signal?.aborted)
        throw new DataSourceError({
          source: file.address,
          reason: error.message,
          command: `npx fluxion data ${how.name}`,
        });
      await new Promise((later) => setTimeout(later, 100 * attempt));
    }
  }
};
