import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const types: { readonly [extension: string]: string } = {
  ".html": "text/html",
  ".js": "text/javascript",
};

/** Headers that together make a page cross-origin isolated, so that it may share memory among workers. */
const isolating = {
  opener: { "Cross-Origin-Opener-Policy": "same-origin" },
  embedder: { "Cross-Origin-Embedder-Policy": "require-corp" },
};

export interface Serving {
  readonly url: string;
  /** The reports that the page sends, one from each place. */
  readonly posted: Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** The environment of a page. */
export interface Place {
  /** Whether the page is isolated from other origins, so that it may share memory; or by which of two headers. */
  readonly isolated: boolean | readonly (keyof typeof isolating)[];
  /** The page's content policy. Defaults to none. */
  readonly policy?: string;
  /** Code that runs first in each script of the page. Defaults to none. */
  readonly scripts?: string;
}

const partsOf = (isolated: Place["isolated"]): readonly (keyof typeof isolating)[] =>
  typeof isolated === "boolean" ? (isolated ? ["opener", "embedder"] : []) : isolated;

const headersOf = ({ isolated, policy }: Place): { readonly [name: string]: string } => ({
  ...Object.assign({}, ...partsOf(isolated).map((part) => isolating[part])),
  ...(policy === undefined ? {} : { "Content-Security-Policy": policy }),
  "Cache-Control": "no-store",
});

/**
 * Serves a bundle and the MNIST files on the loopback interface, until it is closed. With each report the page is sent
 * to the next place: status 205 asks it to load itself again.
 */
export const serve = async (
  bundle: string,
  mnist: string,
  places: readonly Place[],
): Promise<Serving> => {
  const reports: string[] = [];
  let resolve: (said: readonly string[]) => void = () => undefined;
  const posted = new Promise<readonly string[]>((done) => {
    resolve = done;
  });
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const place = places[reports.length] ?? places[0];
    const headers = headersOf(place as Place);
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      reports.push(Buffer.concat(chunks).toString());
      response.writeHead(reports.length < places.length ? 205 : 204, headers).end();
      if (reports.length === places.length) resolve(reports);
      return;
    }
    const file = pathname.startsWith("/mnist/")
      ? join(mnist, pathname.slice("/mnist/".length))
      : join(bundle, pathname === "/" ? "index.html" : pathname);
    try {
      const bytes = await readFile(file);
      const type = types[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "Content-Type": type });
      response.end(extname(file) === ".js" ? `${place?.scripts ?? ""}${bytes}` : bytes);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    posted,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
};
