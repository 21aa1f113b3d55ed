import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { watching } from "../../src/cli/watch/server.ts";
import { chromium } from "./chromium.ts";
import { type Driven, drive } from "./driver.ts";

const bin = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));
const folder = join(mkdtempSync(join(tmpdir(), "fluxion-watched-")), "run");
const scope = Effect.runSync(Scope.make());
const patience = 60_000;

/** A page of a stranger, which tries whatever a page can, even if it knows the address. */
const strange = (address: string): string => `<!doctype html><title>a stranger</title>
<iframe src="${address}" name="inner"></iframe>
<form method="post" action="${address}control" enctype="text/plain" target="inner"><input name='{"tell":"stop","x":"' value='"}'></form>
<script type="module">
const said = {};
const attempt = async (name, work) => { try { said[name] = await work(); } catch { said[name] = "refused"; } };
const post = { method: "POST", body: '{"tell":"stop"}' };
await attempt("read", async () => (await fetch("${address}state")).text());
await attempt("tell", async () => (await fetch("${address}control", { ...post, headers: { "Content-Type": "application/json" } })).text());
await attempt("tell blindly", async () => (await fetch("${address}control", { ...post, mode: "no-cors" })).type === "opaque" ? "sent" : "read");
await attempt("image", () => new Promise((done) => { const image = new Image(); image.onload = () => done("seen"); image.onerror = () => done("refused"); image.src = "${address}plot/curves/0/1.svg"; }));
await attempt("script", () => new Promise((done) => { const script = document.createElement("script"); script.onload = () => done("run"); script.onerror = () => done("refused"); script.src = "${address}page.js"; document.head.append(script); }));
document.forms[0].submit();
await new Promise((done) => setTimeout(done, 500));
await attempt("frame", async () => document.querySelector("iframe").contentDocument === null ? "refused" : "open");
window.said = said;
</script>`;

describe.skipIf(chromium === undefined)("the page that watches a run, in a browser", () => {
  let run: ReturnType<typeof spawn>;
  let ended: Promise<number | null>;
  let browser: Driven;
  let address = "";
  const printed: string[] = [];

  beforeAll(async () => {
    run = spawn(process.execPath, [
      ...[bin, "train", "perceptron", "--run-dir", folder, "--epochs", "100000000"],
      ...["--threads", "1", "--set", "checkpoints.minutes=0.01"],
    ]);
    run.stdout?.on("data", (text) => printed.push(String(text)));
    run.stderr?.on("data", (text) => printed.push(String(text)));
    ended = new Promise((resolve) => run.once("close", resolve));
    while (!existsSync(join(folder, "events.jsonl")) && run.exitCode === null)
      await new Promise((later) => setTimeout(later, 100));
    address = await Effect.runPromise(Scope.provide(watching({ folder }), scope));
    browser = await drive(chromium as string); // it is there
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await Effect.runPromise(Scope.close(scope, Exit.void));
    run?.kill("SIGKILL");
    await ended;
    rmSync(join(folder, ".."), { recursive: true, force: true });
  }, patience);

  const text = (id: string) => browser.value(`document.getElementById("${id}").textContent`);
  const becomes = (id: string, expected: string) =>
    expect.poll(() => text(id), { timeout: patience }).toBe(expected);
  const steps = async () =>
    Number(/step ([\d,]+)/.exec(String(await text("about")))?.[1]?.replaceAll(",", ""));

  it(
    "shows the run, in a window of any width, by a policy that it keeps",
    async () => {
      await browser.look(1000, true);
      await browser.open(address);
      await becomes("name", "perceptron");
      await becomes("state", "running");
      const drawn = `[...document.querySelectorAll("#curves img")].filter((image) => image.naturalWidth > 0).length`;
      await expect.poll(() => browser.value(drawn), { timeout: patience }).toBeGreaterThan(0);
      const params = `document.querySelectorAll("#params img").length`;
      await expect.poll(() => browser.value(params), { timeout: patience }).toBeGreaterThan(0);
      for (const width of [320, 1000]) {
        await browser.look(width, false);
        expect(await browser.value("document.documentElement.scrollWidth")).toBeLessThanOrEqual(
          width,
        );
      }
      expect(browser.complaints()).toEqual([]);
    },
    2 * patience,
  );

  it(
    "is out of reach of a stranger's page, which knows even its address",
    async () => {
      const server = createServer((_, response) => {
        response.writeHead(200, { "Content-Type": "text/html" }).end(strange(address));
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo; // it listens on a port
      try {
        // Another port, and another name of the same machine.
        for (const host of ["127.0.0.1", "localhost"]) {
          await browser.open(`http://${host}:${port}/`);
          await expect
            .poll(() => browser.value("window.said"), { timeout: patience })
            .toEqual({
              ...{ read: "refused", tell: "refused", image: "refused", script: "refused" },
              // Nobody can tell what became of it; the run goes on, as is seen next.
              "tell blindly": expect.stringMatching(/^(sent|refused)$/),
              frame: "refused",
            });
        }
      } finally {
        server.closeAllConnections();
        server.close();
      }
      expect(run.exitCode).toBeNull();
    },
    2 * patience,
  );

  it(
    "pauses the run, lets it go on, and stops it with its state saved",
    async () => {
      await browser.open(address);
      await becomes("state", "running");
      await expect
        .poll(() => browser.value(`document.getElementById("pause").disabled`))
        .toBe(false);
      await browser.value(`document.getElementById("pause").click()`);
      await becomes("state", "paused");
      await becomes("pause", "Resume");
      await browser.value("new Promise((later) => setTimeout(later, 1500))");
      const before = await steps();
      await browser.value("new Promise((later) => setTimeout(later, 1500))");
      expect(await steps()).toBe(before);
      await browser.value(`document.getElementById("pause").click()`);
      await becomes("state", "running");
      await expect.poll(steps, { timeout: patience }).toBeGreaterThan(before);
      await browser.value(`document.getElementById("stop").click()`);
      expect(await ended).toBe(0);
      await becomes("state", "stopped");
      expect(await browser.value(`document.getElementById("stop").disabled`)).toBe(true);
      expect(printed.join("")).toContain("stopped at epoch");
    },
    3 * patience,
  );
});
