import { timingSafeEqual } from "node:crypto";

/** As much of Node's `IncomingMessage` as decides, so that declarations need no types of Node. */
export interface Asked {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
}

/** A request that is refused: the status, a tag, and what to say. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

/** Refuses a request. */
export const refusal = (status: number, error: string, message: string): Refusal => ({
  status,
  error,
  message,
});

/** The headers of every answer: the page may load its own parts, and nobody may put it into another page. */
export const headers = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
} as const;

/** The names by which this machine reaches itself. */
const hosts = ["127.0.0.1", "localhost", "[::1]"];

const sameSecret = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
};

/** A request that may go on: the part of the path after the token. */
export interface Admitted {
  readonly route: string;
}

/**
 * Decides about a request, by its headers alone. It must be for this machine by a name of its own, whatever a stranger's
 * name server says (so that no page reaches it by rebinding its name); come from this page, and from no other that is open
 * in the browser; and know the token, which stands in the address that was printed.
 */
export const admitted = (
  request: Asked,
  { port, token }: { readonly port: number; readonly token: string },
): Admitted | Refusal => {
  const { host, origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = request.headers;
  if (host === undefined || !hosts.some((name) => host === `${name}:${port}`))
    return refusal(421, "WrongHost", "this is not the host that was asked for");
  if (origin !== undefined && origin !== `http://${host}`)
    return refusal(403, "WrongOrigin", "another page may not ask here");
  // A person who follows a link or types an address comes from "none"; a page of another origin is not served.
  if (site !== undefined && site !== "same-origin" && !(site === "none" && mode === "navigate"))
    return refusal(403, "WrongOrigin", "another page may not ask here");
  const [, own = "", ...rest] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
  if (!sameSecret(own, token))
    return refusal(403, "WrongToken", "open the address that fluxion watch printed");
  // Without the slash at its end, the parts of the page would be looked for elsewhere.
  const route = rest.length === 0 ? "no page" : rest.join("/");
  const method = request.method ?? "";
  if (route === "control") {
    if (method !== "POST") return refusal(405, "WrongMethod", "POST it");
    // Every browser says where a POST comes from.
    return origin === undefined
      ? refusal(403, "WrongOrigin", "say the origin of the page that asks")
      : { route };
  }
  return method === "GET" || method === "HEAD" ? { route } : refusal(405, "WrongMethod", "GET it");
};
