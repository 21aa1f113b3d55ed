import { InvalidArgument } from "../../errors.ts";

/** A file of a dataset, as its origin has it. */
export interface DataFile {
  /** Its path within the dataset's folder, with `/` between parts. */
  readonly path: string;
  /** Where it can be fetched: an address of one fixed version, such as one that names a commit. */
  readonly address: string;
  readonly bytes: number;
  /** The SHA-256 of its bytes, as 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Files packed together, which may already lie on a machine. What is unpacked is verified file by file, so that it does
 * not matter who packed them, or how: the archive itself has no hash.
 */
export interface Packed {
  /** The name of the file, in a folder of such files. */
  readonly file: string;
  /** A tar archive, compressed or not, one compressed file, or the only file of the dataset as it is. */
  readonly as: "tar" | "tar.gz" | "gz" | "file";
  /** The folders that the paths in the archive begin with, and those of the dataset do not. Defaults to none. */
  readonly under?: string;
}

/** The files of a dataset that is fetched before its first use, and what one has to know of them. */
export interface DataFiles {
  /** The name of its folder in the cache. */
  readonly name: string;
  /** The license, in a few words. */
  readonly license: string;
  /** Where the files come from: a page for people. */
  readonly origin: string;
  readonly files: readonly DataFile[];
  readonly packed?: Packed;
}

/** Whether a path stays in its folder, on every system. */
export const staysInside = (path: string): boolean =>
  path !== "" &&
  !/[\\:\0]/.test(path) &&
  path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

const refused = (argument: string, expected: string, actual: string): InvalidArgument =>
  new InvalidArgument({ op: "dataFiles", argument, expected, actual });

/**
 * Declares the files of a dataset.
 *
 * **Fails with** `InvalidArgument`, thrown, where there are no files, a path leads out of the folder, an address is no
 * https address, or a hash is not 64 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { dataFiles } from "fluxion/io";
 * const poems = dataFiles({
 *   name: "poems",
 *   license: "public domain",
 *   origin: "https://example.org",
 *   files: [{ path: "poems.txt", address: "https://example.org/v1/poems.txt", bytes: 12, sha256: "0".repeat(64) }],
 * });
 * poems.files.length // => 1
 * ```
 */
export const dataFiles = (of: DataFiles): DataFiles => {
  if (!/^[\w.-]+$/.test(of.name) || /^\.+$/.test(of.name))
    throw refused("name", "letters, digits, - and _", of.name);
  if (of.files.length === 0) throw refused("files", "one file or more", "none");
  for (const [i, { path, address, bytes, sha256 }] of of.files.entries()) {
    const at = `files[${i}]`;
    if (!staysInside(path)) throw refused(`${at}.path`, "a path inside the folder", path);
    if (!isAddress(address)) throw refused(`${at}.address`, "an https address", address);
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw refused(`${at}.bytes`, "a number of bytes", String(bytes));
    if (!/^[0-9a-f]{64}$/.test(sha256))
      throw refused(`${at}.sha256`, "64 hexadecimal digits", sha256);
  }
  const [twice] = of.files.filter(({ path }, i) => of.files.findIndex((f) => f.path === path) < i);
  if (twice !== undefined) throw refused("files", "different paths", `${twice.path} twice`);
  return of;
};

/** Whether this machine answers at an address itself, so that nobody in between can read or change what is sent. */
export const isLoopback = ({ hostname }: URL): boolean =>
  ["localhost", "127.0.0.1", "[::1]"].includes(hostname);

/** Whether an address is one to fetch data from: https, or this machine. */
export const isAddress = (address: string): boolean => {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
};
