import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./contender.ts";

const here = import.meta.dirname;
const node = (name: string, file: string, ...args: readonly string[]): Command => ({
  name,
  command: process.execPath,
  args: [join(here, file), ...args],
});

/** The Python that has PyTorch: Debian's, unless the environment names another one. */
const python = process.env.BENCH_PYTHON ?? "/usr/bin/python3";
/** PyTorch on a number of threads. */
const torch = (threads: number): Command => ({
  name: `PyTorch ×${threads}`,
  command: python,
  args: [join(here, "peers", "pytorch.py"), String(threads)],
});

/** A peer: how to start it, how to find out whether it is installed, and how to install it. */
interface Peer {
  readonly command: Command;
  readonly present: () => boolean;
  readonly advice: string;
}

const packaged = (name: string): Pick<Peer, "present" | "advice"> => ({
  present: () => existsSync(join(here, "node_modules", name)),
  advice: "npm --prefix test/bench ci",
});
const debian: Pick<Peer, "present" | "advice"> = {
  present: () => existsSync(python),
  advice: "python3 with PyTorch (Debian's python3-torch), or BENCH_PYTHON",
};

/** fluxion on its default number of threads. */
export const fluxion: Command = node("fluxion", "fluxion.ts");

/** fluxion on a fixed number of threads. */
export const fluxions: readonly Command[] = [1, 2].map((threads) =>
  node(`fluxion ×${threads}`, "fluxion.ts", String(threads)),
);

export const peers: readonly Peer[] = [
  { command: torch(1), ...debian },
  { command: torch(2), ...debian },
  { command: node("jax-js", "peers/jax.ts"), ...packaged("@jax-js/jax") },
  { command: node("tfjs wasm", "peers/tfjs.ts", "wasm"), ...packaged("@tensorflow/tfjs") },
  { command: node("tfjs cpu", "peers/tfjs.ts", "cpu"), ...packaged("@tensorflow/tfjs") },
  { command: node("onnxruntime", "peers/onnx.ts"), ...packaged("onnxruntime-node") },
];
