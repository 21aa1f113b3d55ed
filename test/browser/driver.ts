import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flags } from "./chromium.ts";

/** A page of a browser that a test drives, through the browser's own protocol (Chrome DevTools Protocol). */
export interface Driven {
  /** Opens an address, and waits until it is loaded. */
  readonly open: (url: string) => Promise<void>;
  /** The value of an expression in the page, of which a promise is awaited. */
  readonly value: (expression: string) => Promise<unknown>;
  /** A picture of the page as PNG. */
  readonly picture: () => Promise<Uint8Array>;
  /** The width of the window, and whether the reader likes it dark. */
  readonly look: (width: number, dark: boolean) => Promise<void>;
  /** What the page could not do, such as what its policy forbids. */
  readonly complaints: () => readonly string[];
  readonly close: () => Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly params?: { readonly entry?: { readonly text: string; readonly url?: string } };
}

const portIn = async (profile: string): Promise<string> => {
  for (let tries = 0; tries < 600; tries++) {
    try {
      const [port = ""] = readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n");
      if (port !== "") return port;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the browser does not say its port");
};

/** Starts a browser with a page. */
export const drive = async (browser: string): Promise<Driven> => {
  const profile = mkdtempSync(join(tmpdir(), "fluxion-driven-"));
  const child = execFile(browser, [
    ...flags,
    `--user-data-dir=${profile}`,
    "--remote-debugging-port=0",
    "about:blank",
  ]);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const port = await portIn(profile);
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(
    targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "",
  );
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const waiting = new Map<number, (message: Message) => void>();
  const heard = new Map<string, () => void>();
  const complaints: string[] = [];
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message; // as the protocol has it
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    if (message.method === "Log.entryAdded")
      complaints.push(`${message.params?.entry?.text} ${message.params?.entry?.url ?? ""}`);
    if (message.method !== undefined) heard.get(message.method)?.();
  });
  let last = 0;
  const ask = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  await ask("Page.enable");
  await ask("Log.enable");
  return {
    open: async (url) => {
      const loaded = new Promise<void>((resolve) => heard.set("Page.loadEventFired", resolve));
      await ask("Page.navigate", { url });
      await loaded;
    },
    value: async (expression) => {
      const said = (await ask("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      })) as { readonly result: { readonly value?: unknown } };
      return said.result.value;
    },
    picture: async () => {
      const said = await ask("Page.captureScreenshot", { captureBeyondViewport: true });
      return Buffer.from((said as { readonly data: string }).data, "base64");
    },
    look: async (width, dark) => {
      await ask("Emulation.setDeviceMetricsOverride", {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: false,
      });
      await ask("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
      });
    },
    complaints: () => complaints,
    close: async () => {
      socket.close();
      child.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
