#!/usr/bin/env node
// The `fluxion` command. Plain JavaScript, because it must start on any Node: in the repository the
// sources are run as they are, which takes a Node that strips types, and the machine's own may be
// older than the one that this repository pins; in the published package, where Node strips no
// types, the build is run.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The first Node that strips types without a flag and has what the sources use. */
const OLDEST = [22, 18];

/** Set for a process that another one started in its place and waits for. */
const WRAPPED = "FLUXION_WRAPPED";

const source = new URL("./main.ts", import.meta.url);
const main = existsSync(source) ? source : new URL("../../dist/src/cli/main.js", import.meta.url);

const recentEnough = () => {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
};

/** The Node that is installed beside: the binary of this platform, alone or as the package `node` brings it. */
const pinnedNode = () => {
  const { resolve } = nodeModule.createRequire(import.meta.url);
  const windows = process.platform === "win32";
  const platform = `node-${windows ? "win" : process.platform}-${process.arch}`;
  for (const binary of [`${platform}/bin/node${windows ? ".exe" : ""}`, "node/bin/node"])
    try {
      return resolve(binary);
    } catch {
      // It is not installed: the next.
    }
  return undefined;
};

if (recentEnough()) {
  // What Node has compiled it keeps, where it can and nobody forbids it (NODE_DISABLE_COMPILE_CACHE): half of
  // the time to start goes into types to strip and code to compile.
  nodeModule.enableCompileCache?.();
  if (process.env[WRAPPED] !== undefined) {
    // The process that waits for this one may be killed without a word: its end of the channel closes all the same.
    delete process.env[WRAPPED];
    process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
    process.channel?.unref();
  }
  // The command line reads its own path from here, as it would had it been started directly.
  process.argv[1] = fileURLToPath(main);
  await import(main.href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      `fluxion needs Node ${OLDEST.join(".")} or newer, and this is ${process.version}. ` +
        "Install a newer Node, or `npm install node@24` beside fluxion.",
    );
    process.exitCode = 1;
  } else {
    const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, [WRAPPED]: "1" },
    });
    // The channel is there to be closed, and keeps nobody waiting.
    child.channel?.unref();
    // An interruption is the child's to answer: it stops the run cleanly, and this process waits.
    // A terminal sends its interruption to both; other signals come to this process alone.
    process.on("SIGINT", () => {
      if (!process.stdin.isTTY) child.kill("SIGINT");
    });
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.on("exit", (code, signal) => {
      process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
    });
  }
}
