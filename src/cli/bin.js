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

/** Set in the environment of a child process that runs in place of this one. */
const WRAPPED = "FLUXION_WRAPPED";

const source = new URL("./main.ts", import.meta.url);
const inRepository = existsSync(source);
const main = inRepository ? source : new URL("../../dist/src/cli/main.js", import.meta.url);

/** The oldest Node that strips types without a flag; and the oldest on which the build is tried. */
const OLDEST = inRepository ? [22, 18] : [20, 19];

const recentEnough = () => {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
};

/** The pinned Node: the binary for this platform, on its own or from the package `node`. */
const pinnedNode = () => {
  const { resolve } = nodeModule.createRequire(import.meta.url);
  const windows = process.platform === "win32";
  const platform = `node-${windows ? "win" : process.platform}-${process.arch}`;
  for (const binary of [`${platform}/bin/node${windows ? ".exe" : ""}`, "node/bin/node"])
    try {
      return resolve(binary);
    } catch {
      // Not installed: try the next.
    }
  return undefined;
};

if (recentEnough()) {
  // Node's compile cache halves the start: stripping types and compiling takes half of it.
  // NODE_DISABLE_COMPILE_CACHE turns it off.
  nodeModule.enableCompileCache?.();
  if (process.env[WRAPPED] !== undefined) {
    // The parent may be killed without warning. Its end of the channel then closes all the same.
    delete process.env[WRAPPED];
    process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
    process.channel?.unref();
  }
  // The command line reads its own path from here, as if it had been started directly.
  process.argv[1] = fileURLToPath(main);
  await import(main.href);
} else {
  // A pinned Node that is too old itself must not start another.
  const node = process.env[WRAPPED] === undefined ? pinnedNode() : undefined;
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
    // The channel only signals by closing, and must not keep this process alive.
    child.channel?.unref();
    // The child handles an interruption: it stops the run cleanly while this process waits.
    // A terminal interrupts both processes. Other signals reach this one alone and are passed on.
    process.on("SIGINT", () => {
      if (!process.stdin.isTTY) child.kill("SIGINT");
    });
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.on("exit", (code, signal) => {
      process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
    });
  }
}
