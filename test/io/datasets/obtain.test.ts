import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import { afterAll, describe, expect, it } from "vitest";
import {
  type DataFiles,
  dataAvailable,
  dataFiles,
  dataFolder,
  type Obtaining,
  obtainData,
} from "../../../src/io/index.ts";
import { type Answer, answering, breaksAfter, content, hashOf, honest, served } from "./server.ts";

const root = mkdtempSync(join(tmpdir(), "fluxion-data-"));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
const emptyCache = (): string => {
  const cache = join(root, `cache ${folders++}`);
  mkdirSync(cache);
  return cache;
};

const poems = (address: string, of: Partial<DataFiles> = {}): DataFiles =>
  dataFiles({
    ...{ name: "poems", license: "public domain", origin: "https://example.org" },
    files: [{ path: "old/poems.txt", address, bytes: content.length, sha256: hashOf(content) }],
    ...of,
  });

const ended = (of: DataFiles, how: Obtaining) =>
  Effect.runPromise(
    Effect.match(obtainData(of, { patience: 0.3, ...how }), {
      onFailure: (error) => error,
      onSuccess: (value) => value,
    }),
  );

/** All files in a folder, at any depth. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

const against = async (
  answers: readonly Answer[],
  how: Partial<Obtaining> = {},
  cache = emptyCache(),
) => {
  const server = await served(...answers);
  try {
    const result = await ended(poems(server.address), { cache, ...how });
    const file = join(cache, "poems", "old", "poems.txt");
    return {
      result,
      cache,
      asked: server.asked,
      there: existsSync(file) ? readFileSync(file) : undefined,
    };
  } finally {
    server.close();
  }
};

describe("a fetch", () => {
  it("puts a verified file into its place, and asks nothing a second time", async () => {
    const seen: number[] = [];
    const first = await against([honest], { progress: (_, bytes) => seen.push(bytes) });
    expect(first.result).toMatchObject({ from: "network" });
    expect(first.there?.equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    expect(filesIn(first.cache)).toEqual(["poems.txt"]);
    const second = await against([honest], {}, first.cache);
    expect([second.result, second.asked]).toMatchObject([{ from: "cache" }, []]);
  });

  it("goes on where a connection was cut off or stalled", async () => {
    for (const how of ["cut", "stall"] as const) {
      const { result, there, asked } = await against([breaksAfter(12_000, how), honest]);
      expect(result).toMatchObject({ from: "network" });
      expect(there?.equals(content)).toBe(true);
      expect(asked.map(({ range }) => range)).toEqual([undefined, "bytes=12000-"]);
    }
  });

  it("that gave up goes on in a later process, and begins anew where the version is unknown", async () => {
    const server = await served(breaksAfter(9000, "cut"), honest);
    const cache = emptyCache();
    const of = poems(server.address);
    expect(await ended(of, { cache, attempts: 1 })).toMatchObject({
      _tag: "DataSourceError",
      command: "npx fluxion data poems",
    });
    expect(await ended(of, { cache, attempts: 1 })).toMatchObject({ from: "network" });
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, "bytes=9000-"]);
    server.close();
    const weak = await against([
      breaksAfter(9000, "cut", {}),
      breaksAfter(9000, "cut", { etag: 'W/"v1"' }),
      honest,
    ]);
    expect(weak.there?.equals(content)).toBe(true);
    expect(weak.asked.map(({ range }) => range)).toEqual([undefined, undefined, undefined]);
  });

  it("works with a server that knows no ranges, and one whose file has changed", async () => {
    const whole = answering(200, { etag: '"v1"' });
    const plain = await against([breaksAfter(9000, "cut"), whole]);
    expect(plain.there?.equals(content)).toBe(true);
    const changed = await against([
      breaksAfter(9000, "cut"),
      answering(416, {}, Buffer.of()),
      honest,
    ]);
    expect(changed.there?.equals(content)).toBe(true);
    expect(changed.asked.map(({ range }) => range)).toEqual([undefined, "bytes=9000-", undefined]);
  });

  const short = content.subarray(0, 100);
  const other = Buffer.from(content.map((byte, i) => (i === 77 ? byte ^ 1 : byte)));
  const size = String(content.length);
  it.each([
    ["tells another size", answering(200, { "content-length": "100" }, short), "DataMismatch"],
    [
      "sends more than it should",
      answering(200, {}, Buffer.concat([content, short])),
      "DataMismatch",
    ],
    ["sends other bytes", answering(200, {}, other), "DataMismatch"],
    ["is not there", answering(404), "DataSourceError"],
    ["is broken", answering(503), "DataSourceError"],
    [
      "redirects to no https",
      answering(302, { location: "http://example.org/x" }),
      "DataSourceError",
    ],
    ["redirects to a file", answering(302, { location: "file:///etc/passwd" }), "DataSourceError"],
    ["redirects for ever", answering(302, { location: "/poems.txt" }), "DataSourceError"],
    [
      "sends another part",
      answering(206, { "content-range": `bytes 5-9/${size}` }),
      "DataSourceError",
    ],
    [
      "sends a part of another size",
      answering(206, { "content-range": "bytes 0-9/10" }),
      "DataMismatch",
    ],
    ["never has the part", answering(416), "DataSourceError"],
  ])("from a server that %s is kept from use", async (_, answer, tag) => {
    const { result, there } = await against([answer], { attempts: 2 });
    expect(result).toMatchObject({ _tag: tag });
    expect(there).toBeUndefined();
  });

  it("follows redirections on this machine, and lets go of what lied", async () => {
    const moved = await against([answering(302, { location: "/elsewhere" }), honest]);
    expect(moved.there?.equals(content)).toBe(true);
    expect(moved.asked.map(({ url }) => url)).toEqual(["/poems.txt", "/elsewhere"]);
    const lied = await against([answering(200, { etag: '"v1"' }, other)]);
    expect(filesIn(lied.cache)).toEqual([]);
  });
});

/** A tar archive: entries with a kind, which are plain files by default. */
const tarOf = (
  ...entries: readonly { path: string; bytes?: Uint8Array; kind?: string; size?: number }[]
) =>
  Buffer.concat([
    ...entries.flatMap(({ path, bytes = Buffer.of(), kind = "0", size = bytes.length }) => {
      const header = Buffer.alloc(512);
      header.write(path, 0);
      header.write(size.toString(8).padStart(11, "0"), 124);
      header.write("        ", 148);
      header.write(kind, 156);
      header.write("ustar\u000000", 257);
      const sum = header.reduce((a, b) => a + b, 0);
      header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
    }),
    Buffer.alloc(1024),
  ]);

describe("a packed file of this machine", () => {
  const fromArchive = async (bytes: Uint8Array, packed: Partial<DataFiles["packed"]> = {}) => {
    const shared = emptyCache();
    writeFileSync(join(shared, "poems.tar.gz"), bytes);
    const cache = emptyCache();
    const of = poems("https://example.org/poems.txt", {
      packed: { file: "poems.tar.gz", as: "tar.gz", ...packed },
    });
    return { result: await ended(of, { cache, shared: [join(root, "none"), shared] }), cache, of };
  };
  const good = { path: "old/poems.txt", bytes: content };

  it("is unpacked and verified, whatever else is in it", async () => {
    const others = [
      { path: "old/", kind: "5" },
      { path: "pax", kind: "g", bytes: Buffer.from("9 a=b\n") },
    ];
    const { result, cache, of } = await fromArchive(
      gzipSync(tarOf(...others, { path: "x" }, good)),
    );
    expect(result).toMatchObject({ from: "shared" });
    expect(filesIn(cache)).toEqual(["poems.txt"]);
    expect(await Effect.runPromise(dataFolder(of, { cache }))).toBe(join(cache, "poems"));
    const under = await fromArchive(tarOf({ ...good, path: "./p-1/old/poems.txt" }), {
      as: "tar",
      under: "p-1/",
    });
    expect(under.result).toMatchObject({ from: "shared" });
    const alone = await fromArchive(gzipSync(content), { as: "gz" });
    expect(alone.result).toMatchObject({ from: "shared" });
    const itself = await fromArchive(content, { as: "file" });
    expect(itself.result).toMatchObject({ from: "shared" });
    const long = await fromArchive(
      tarOf(
        { path: "././@LongLink", kind: "L", bytes: Buffer.from("old/poems.txt\0") },
        { ...good, path: "cut" },
      ),
      { as: "tar" },
    );
    expect(long.result).toMatchObject({ from: "shared" });
  });

  it.each([
    ["that climbs out of its folder", tarOf({ path: "../poems.txt" }, good), "ArchiveRefused"],
    ["with an absolute path", tarOf({ path: "/etc/x" }, good), "ArchiveRefused"],
    ["with a path of Windows", tarOf({ path: "..\\x" }, good), "ArchiveRefused"],
    ["with a link", tarOf({ path: "a", kind: "2" }, good), "ArchiveRefused"],
    ["with a hard link", tarOf({ path: "a", kind: "1" }, good), "ArchiveRefused"],
    ["with a device", tarOf({ path: "a", kind: "3" }, good), "ArchiveRefused"],
    ["that is cut off", tarOf(good).subarray(0, 2000), "ArchiveRefused"],
    ["with a size that is none", tarOf({ ...good, size: -1 }), "ArchiveRefused"],
    [
      "with too many entries",
      tarOf(...Array.from({ length: 1100 }, (_, i) => ({ path: `f${i}` }))),
      "ArchiveRefused",
    ],
    ["that grows without bound", Buffer.alloc(2 ** 24), "ArchiveRefused"],
    ["with other bytes", tarOf({ ...good, bytes: content.map((b) => b ^ 1) }), "DataMismatch"],
    ["of another size", tarOf({ ...good, bytes: content.subarray(1) }), "DataMismatch"],
    ["without the file", tarOf({ path: "other", bytes: content }), "DataSourceError"],
  ])("%s is refused", async (_, bytes, tag) => {
    const { result, cache } = await fromArchive(gzipSync(bytes));
    expect(result).toMatchObject({ _tag: tag });
    expect(filesIn(cache)).toEqual([]);
  });

  it("that is no gzip is refused, and so is a damaged header", async () => {
    expect((await fromArchive(Buffer.from("no gzip"))).result).toMatchObject({
      _tag: "ArchiveRefused",
    });
    const damaged = tarOf(good);
    damaged[3] = 1;
    expect((await fromArchive(gzipSync(damaged))).result).toMatchObject({ _tag: "ArchiveRefused" });
  });
});

describe("data in the cache", () => {
  it("that is missing or changed is not used, and named with the command that fetches it", async () => {
    const { cache } = await against([honest]);
    const of = poems("https://example.org/poems.txt");
    const file = join(cache, "poems", "old", "poems.txt");
    expect(await Effect.runPromise(dataFolder(of, { cache }))).toBe(join(cache, "poems"));
    await Effect.runPromise(dataAvailable(of, { cache }));
    writeFileSync(
      file,
      content.map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
    );
    const lacking = { _tag: "DataSourceError", command: "npx fluxion data poems" };
    await expect(Effect.runPromise(dataFolder(of, { cache }))).rejects.toMatchObject(lacking);
    rmSync(file);
    await expect(Effect.runPromise(dataAvailable(of, { cache }))).rejects.toMatchObject(lacking);
    // Fetching mends it.
    expect((await against([honest], {}, cache)).there?.equals(content)).toBe(true);
  });

  it.each([
    { files: [] },
    { name: "../poems" },
    {
      files: [{ path: "../x", address: "https://example.org", bytes: 1, sha256: hashOf(content) }],
    },
    { files: [{ path: "x", address: "http://example.org", bytes: 1, sha256: hashOf(content) }] },
    { files: [{ path: "x", address: "https://example.org", bytes: -1, sha256: hashOf(content) }] },
    { files: [{ path: "x", address: "https://example.org", bytes: 1, sha256: "abc" }] },
  ])("is declared in full: %j", (wrong) => {
    expect(() => poems("https://example.org", wrong)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });
});
