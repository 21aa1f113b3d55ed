import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as Effect from "effect/Effect";
import { isFluxionError } from "../../errors/failure.ts";
import { InvalidFlag } from "../../errors.ts";
import { tellRun, toldCodec } from "../../train/folder/control.ts";
import { admitted, headers, type Refusal, refusal } from "./gate.ts";
import { icon, page, script, style } from "./page.ts";
import { type Group, groups, watched } from "./snapshot.ts";

/** The options of {@link watching}. */
export interface Watching {
  readonly folder: string;
  /** The pipeline, where it is not found by the name in the configuration. */
  readonly pipeline?: string | undefined;
  /** Defaults to any that is free. */
  readonly port?: number | undefined;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const answer = (type: string, body: string): Answer => ({ status: 200, type, body });
const json = (value: unknown, status = 200): Answer => ({
  status,
  type: "application/json; charset=utf-8",
  body: JSON.stringify(value),
});
const refused = ({ status, error, message }: Refusal): Answer => json({ error, message }, status);

const nowhere = refused(refusal(404, "NotFound", "there is nothing here"));

/** What never changes, by its place below the token. */
const pages: { readonly [route: string]: Answer } = {
  "": answer("text/html; charset=utf-8", page),
  "icon.svg": answer("image/svg+xml; charset=utf-8", icon),
  "page.css": answer("text/css; charset=utf-8", style),
  "page.js": answer("text/javascript; charset=utf-8", script),
};

/** The most bytes of a message to a run. */
const mostBytes = 1024;

const bodyOf = async (request: IncomingMessage): Promise<string | undefined> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length; // nobody set an encoding
    if (bytes > mostBytes) return undefined;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString();
};

const toldIn = (text: string) => {
  try {
    return toldCodec.decode(JSON.parse(text));
  } catch {
    return toldCodec.decode(undefined);
  }
};

const plotPattern = /^plot\/(\w+)\/(\d{1,4})\/\d+\.svg$/;

const told = async (request: IncomingMessage, folder: string): Promise<Answer> => {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
    return refused(refusal(415, "WrongType", "send application/json"));
  const text = await bodyOf(request);
  if (text === undefined)
    return refused(refusal(413, "TooLong", `send at most ${mostBytes} bytes`));
  const read = toldIn(text);
  if (read._tag === "Left")
    return refused(refusal(400, "WrongMessage", 'send {"tell": "pause"}, "resume" or "stop"'));
  const done = await Effect.runPromise(Effect.result(tellRun(folder, read.right.tell)));
  if (done._tag === "Success") return json({ told: read.right.tell }, 202);
  const { _tag, message } = done.failure;
  return refused(refusal(_tag === "RunNotActive" ? 409 : 500, _tag, message));
};

const written = (response: ServerResponse, { status, type, body }: Answer): void => {
  response.writeHead(status, {
    ...headers,
    // An image is a document of its own where somebody opens it: it may have its style, and nothing else.
    ...(type.startsWith("image/svg") && {
      "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    }),
    "Content-Type": type,
  });
  response.end(body);
};

/**
 * Serves the page that follows a run, on the loopback interface alone, until the scope closes. Returns its address, which
 * has a random token in it that every request must know.
 *
 * **Fails with** `InvalidFlag` where the port is not free.
 */
export const watching = ({ folder, pipeline, port = 0 }: Watching) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.tryPromise({
        try: async () => {
          const token = randomBytes(24).toString("base64url");
          const run = watched(folder, pipeline);
          const answered = async (request: IncomingMessage, own: number): Promise<Answer> => {
            const admission = admitted(request, { port: own, token });
            if ("status" in admission) return refused(admission);
            const { route } = admission;
            if (route === "control") return told(request, folder);
            if (Object.hasOwn(pages, route)) return pages[route] ?? nowhere;
            if (route === "state") return json(await Effect.runPromise(run.shown));
            const [, group, at] = plotPattern.exec(route) ?? [];
            if (!groups.some((one) => one === group)) return nowhere;
            const svg = await Effect.runPromise(run.plot(group as Group, Number(at))); // it is one of them
            return svg === undefined ? nowhere : answer("image/svg+xml; charset=utf-8", svg);
          };
          const server = createServer((request, response) => {
            answered(request, (server.address() as AddressInfo).port).then(
              (said) => written(response, said),
              (error: unknown) =>
                written(
                  response,
                  isFluxionError(error)
                    ? refused(refusal(500, error._tag, error.message))
                    : refused(refusal(500, "Unexpected", "something went wrong in fluxion watch")),
                ),
            );
          });
          await new Promise<void>((listening, failed) => {
            server.once("error", failed);
            server.listen(port, "127.0.0.1", listening);
          });
          return { server, token };
        },
        catch: (cause) =>
          new InvalidFlag({
            flag: "--port",
            value: String(port),
            expected: `another port (${cause instanceof Error ? cause.message : String(cause)}), or none, so that a free one is found`,
          }),
      }),
      ({ server }) =>
        Effect.promise(
          () =>
            new Promise<void>((closed) => {
              server.closeAllConnections();
              server.close(() => closed());
            }),
        ),
    ),
    // A server that listens on a port has an address with one.
    ({ server, token }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`,
  );
