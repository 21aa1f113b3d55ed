import { execFile } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome"];
const folders = ["/usr/bin", "/usr/local/bin", "/snap/bin"];

const runs = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The path of a browser on this machine: `CHROME_PATH`, or where packages install one. */
export const chromium: string | undefined = [
  ...(process.env.CHROME_PATH === undefined ? [] : [process.env.CHROME_PATH]),
  ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
].find(runs);

/** What a browser is started with in tests. */
export const flags = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** Opens a page with a fresh profile. Returns a function that closes the browser. */
export const open = (browser: string, url: string): (() => Promise<void>) => {
  const profile = mkdtempSync(join(tmpdir(), "fluxion-browser-"));
  const child = execFile(browser, [
    ...flags,
    `--user-data-dir=${profile}`,
    "--remote-debugging-port=0",
    url,
  ]);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return async () => {
    child.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
};
