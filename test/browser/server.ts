import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const types: { readonly [extension: string]: string } = {
  ".html": "text/html",
  ".js": "text/javascript",
};

/** Headers that make a page cross-origin isolated, so that it may share memory among workers. */
const isolating = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface Serving {
  readonly url: string;
  /** The report that the page sends at the end. */
  readonly posted: Promise<string>;
  readonly close: () => Promise<void>;
}

/** The environment of a page. */
export interface Place {
  /** Whether the page is isolated from other origins, so that it may share memory. */
  readonly isolated: boolean;
  /** The page's content policy. Defaults to none. */
  readonly policy?: string;
  /** Code that runs first in each script of the page. Defaults to none. */
  readonly scripts?: string;
}

/** Serves a bundle and the MNIST files on the loopback interface, until it is closed. */
export const serve = async (
  bundle: string,
  mnist: string,
  { isolated, policy, scripts = "" }: Place,
): Promise<Serving> => {
  const isolation = {
    ...(isolated ? isolating : {}),
    ...(policy === undefined ? {} : { "Content-Security-Policy": policy }),
  };
  const { promise: posted, resolve } = Promise.withResolvers<string>();
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.writeHead(204, isolation).end();
      resolve(Buffer.concat(chunks).toString());
      return;
    }
    const file = pathname.startsWith("/mnist/")
      ? join(mnist, pathname.slice("/mnist/".length))
      : join(bundle, pathname === "/" ? "index.html" : pathname);
    try {
      const bytes = await readFile(file);
      const type = types[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { ...isolation, "Content-Type": type });
      response.end(extname(file) === ".js" ? `${scripts}${bytes}` : bytes);
    } catch {
      response.writeHead(404, isolation).end();
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
