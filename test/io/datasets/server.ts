import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A text of 40,000 bytes that no part of repeats. */
export const content = Buffer.from(
  Array.from({ length: 5000 }, (_, i) => `${i}`.padStart(7, "0"))
    .join("\n")
    .padEnd(40_000, "."),
);

export const hashOf = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine, whose answers a test chooses one after the other; the last one stays. */
export const served = async (...answers: readonly Answer[]) => {
  const asked: { readonly range: string | undefined; readonly url: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({ range: request.headers.range, url: request.url });
    answer?.(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    address: `http://127.0.0.1:${port}/poems.txt`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const tag = '"v1"';

/** Serves the whole file, or the part that is asked for, as servers should. */
export const honest: Answer = ({ headers }, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const isPart = headers.range !== undefined && headers["if-range"] === tag;
  if (!isPart) {
    response.writeHead(200, { etag: tag, "content-length": content.length }).end(content);
    return;
  }
  response.writeHead(206, {
    etag: tag,
    "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
  });
  response.end(content.subarray(start));
};

/** Begins as it should, and then breaks the connection, or says nothing more. */
export const breaksAfter =
  (
    bytes: number,
    how: "cut" | "stall",
    headers: Readonly<Record<string, string>> = { etag: tag },
  ): Answer =>
  (_, response) => {
    response.writeHead(200, { ...headers, "content-length": content.length });
    response.write(content.subarray(0, bytes), () => {
      if (how === "cut") setTimeout(() => response.destroy(), 50);
    });
  };

export const answering =
  (
    status: number,
    headers: Readonly<Record<string, string>> = {},
    body: Uint8Array = content,
  ): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };
