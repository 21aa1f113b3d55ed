import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterAll, expect, it } from "vitest";
import { lockFolder } from "../../../src/train/folder/lock.ts";

const root = mkdtempSync(join(tmpdir(), "fluxion-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(root, "run-"));

const held = (folder: string) => Effect.scoped(lockFolder(folder));
const whileHeld = <A, E>(folder: string, then: Effect.Effect<A, E>) =>
  Effect.scoped(Effect.andThen(lockFolder(folder), then));

it("holds a folder until the scope closes, also against this process", async () => {
  const folder = fresh();
  const second = Effect.flip(held(folder));
  const refused = await Effect.runPromise(whileHeld(folder, second));
  expect(refused).toMatchObject({ _tag: "RunLocked", folder, pid: process.pid });
  expect(readdirSync(folder)).toEqual([]);
  await Effect.runPromise(held(folder));
});

it("is held by a process that lives, and not by one that died", async () => {
  const folder = fresh();
  const program = `
    import * as Effect from "effect/Effect";
    import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, "../../../src/train/folder/lock.ts"))};
    await Effect.runPromise(Effect.scoped(Effect.andThen(lockFolder(${JSON.stringify(folder)}),
      Effect.sync(() => console.log("held")).pipe(Effect.andThen(Effect.sleep("60 seconds"))))));`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    cwd: join(import.meta.dirname, "../../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  expect(await Effect.runPromise(Effect.flip(held(folder)))).toMatchObject({
    _tag: "RunLocked",
    pid: child.pid,
  });
  child.kill("SIGKILL");
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
  // Its lock is still there, and holds nothing.
  expect(readdirSync(folder)).toHaveLength(1);
  await Effect.runPromise(held(folder));
  expect(readdirSync(folder)).toEqual([]);
});

it("is not held by another process with the number of a dead one", async () => {
  const folder = fresh();
  await Effect.runPromise(
    whileHeld(
      folder,
      Effect.sync(() => {
        const [mine = ""] = readdirSync(folder);
        const other = fresh();
        // This process lives, but began at another time.
        writeFileSync(join(other, mine.replace(/[^.]+$/, "12-0000")), "");
        return other;
      }),
    ).pipe(Effect.flatMap(held)),
  );
});

it("of another machine is held, since nobody can tell", async () => {
  const folder = fresh();
  writeFileSync(join(folder, "lock.elsewhere.1.12-0000"), "");
  expect(await Effect.runPromise(Effect.flip(held(folder)))).toMatchObject({
    _tag: "RunLocked",
    machine: "elsewhere",
  });
  expect(readdirSync(folder)).toEqual(["lock.elsewhere.1.12-0000"]);
});

it("of many that want it at once is held by at most one", async () => {
  const folder = fresh();
  let [inside, most] = [0, 0];
  const one = whileHeld(
    folder,
    Effect.gen(function* () {
      most = Math.max(most, ++inside);
      yield* Effect.sleep("5 millis");
      inside--;
    }),
  );
  await Effect.runPromise(
    Effect.all(
      Array.from({ length: 10 }, () => Effect.result(one)),
      { concurrency: "unbounded" },
    ),
  );
  expect(most).toBe(1);
});

it("fails with a typed error where the folder is not there", async () => {
  expect(await Effect.runPromise(Effect.flip(held(join(root, "nowhere"))))).toMatchObject({
    _tag: "FileNotWritten",
  });
});
