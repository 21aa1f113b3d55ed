import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { programOf } from "../../../src/train/worker/program.ts";

const sources = new URL("../../../src/", import.meta.url).href;
const module = new URL("./loaded.ts", import.meta.url);

/** Tells a worker's own hook, which Node asks after those of the program, what is left to look up. */
const counting = `
const { registerHooks: register } = process.getBuiltinModule("node:module");
const { workerData } = process.getBuiltinModule("node:worker_threads");
globalThis.looked = [];
globalThis.loaded = [];
register({
  resolve: (name, context, next) => {
    if (name.startsWith(".") && context.parentURL.startsWith(workerData)) looked.push(name);
    return next(name, context);
  },
  load: (url, context, next) => {
    if (url.startsWith(workerData)) loaded.push(url);
    return next(url, context);
  },
});
`;

it("looks up no module of fluxion that another one names, and loads each once", async () => {
  const program = `${counting}${programOf(module, undefined)}`;
  const worker = new Worker(program, { eval: true, workerData: sources });
  const [{ looked, loaded }] = await once(worker, "message");
  await worker.terminate();
  expect(looked).toEqual([]);
  expect(loaded.length).toBeGreaterThan(100);
  expect(new Set(loaded).size).toBe(loaded.length);
});
