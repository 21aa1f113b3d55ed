import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { followed } from "../../src/cli/watch/follow.ts";
import { watching } from "../../src/cli/watch/server.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-watch-"));
const scope = Effect.runSync(Scope.make());
let base = new URL("http://nowhere");

const step = (n: number): string =>
  `{"_tag":"StepCompleted","epoch":1,"step":${n},"loss":${1 / n},"metrics":{},"learningRate":null,"examplesPerSecond":1}\n`;

beforeAll(async () => {
  writeFileSync(join(folder, "config.json"), '{"pipeline":"nothing called so","epochs":2}');
  writeFileSync(join(folder, "environment.json"), "{}");
  writeFileSync(join(folder, "events.jsonl"), `${step(1)}${step(2)}`);
  writeFileSync(join(folder, "secret.txt"), "secret");
  base = new URL(await Effect.runPromise(Scope.provide(watching({ folder }), scope)));
});
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void));
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly status: number;
  readonly body: string;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
}

/** A request as it is written, which `fetch` would tidy up. */
const asked = (
  path: string,
  headers: { readonly [name: string]: string } = {},
  { method = "GET", body = "" }: { readonly method?: string; readonly body?: string } = {},
): Promise<Said> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port: base.port, path, method, headers },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
const at = (path: string): string => `${base.pathname}${path}`;
const own = { Origin: "", "Content-Type": "application/json" };
const post = (body: string, headers: { readonly [name: string]: string } = {}) =>
  asked(at("control"), { ...own, Origin: base.origin, ...headers }, { method: "POST", body });

describe("fluxion watch", () => {
  it("listens on the loopback interface alone", () => {
    expect(base.hostname).toBe("127.0.0.1");
    expect(base.pathname).toMatch(/^\/[\w-]{32}\/$/);
  });

  it("serves its page with a policy that lets it load its own parts only", async () => {
    const { status, headers, body } = await asked(at(""));
    expect(status).toBe(200);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(body).not.toMatch(/<script>|style=|\son\w+=|https?:/);
  });

  it("says how the run is doing, with plots of it", async () => {
    const { body } = await asked(at("state"));
    const state = JSON.parse(body);
    expect(state).toMatchObject({ name: "nothing called so", state: "interrupted" });
    expect(state.plots.map(({ name }: { name: string }) => name)).toEqual(["loss"]);
    const plot = await asked(at(state.plots[0].url));
    expect([plot.status, plot.headers["content-type"]]).toEqual([
      200,
      "image/svg+xml; charset=utf-8",
    ]);
    expect(plot.body).toMatch(/^<svg/);
  });

  it.each([
    ["another host, as after a name was rebound", { Host: "evil.example" }, 421, "WrongHost"],
    ["this host on another port", { Host: "127.0.0.1:1" }, 421, "WrongHost"],
    ["another origin", { Origin: "http://evil.example" }, 403, "WrongOrigin"],
    ["an origin that is none", { Origin: "null" }, 403, "WrongOrigin"],
    ["a page of another site", { "Sec-Fetch-Site": "cross-site" }, 403, "WrongOrigin"],
    ["a page on another port", { "Sec-Fetch-Site": "same-site" }, 403, "WrongOrigin"],
    [
      "a script of nobody's",
      { "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "cors" },
      403,
      "WrongOrigin",
    ],
  ])("refuses %s", async (_, headers: { readonly [name: string]: string }, status, error) => {
    for (const path of ["", "state", "page.js", "plot/curves/0/1.svg"]) {
      const said = await asked(at(path), headers);
      expect([said.status, JSON.parse(said.body).error]).toEqual([status, error]);
    }
    const said = await asked(
      at("control"),
      { ...own, Origin: base.origin, ...headers },
      { method: "POST", body: '{"tell":"stop"}' },
    );
    expect([said.status, JSON.parse(said.body).error]).toEqual([status, error]);
  });

  it("answers nobody who does not know the token", async () => {
    for (const path of [
      "/",
      "/state",
      `/${"x".repeat(32)}/state`,
      `${base.pathname.slice(0, -2)}/state`,
      "//state",
    ])
      expect((await asked(path)).status).toBe(403);
  });

  it("has no path out of its own places", async () => {
    const paths = [
      ...["secret.txt", "../config.json", "..%2fconfig.json", "%2e%2e/config.json", "events.jsonl"],
      ...[
        "plot/curves/99/1.svg",
        "plot/__proto__/0/1.svg",
        "plot/constructor/0/1.svg",
        "__proto__",
      ],
      ...[
        "plot/curves/-1/1.svg",
        "plot/curves/0/../../state",
        "page.js/",
        "state/",
        "constructor",
        "\\..\\config.json",
      ],
    ];
    for (const path of paths) {
      const said = await asked(at(path));
      expect([path, said.status]).toEqual([path, 404]);
      expect(said.body).not.toContain("secret");
    }
    expect((await asked(base.pathname.slice(0, -1))).status).toBe(404);
  });

  it("takes messages to the run, and nothing else", async () => {
    expect((await asked(at("state"), own, { method: "DELETE" })).status).toBe(403);
    expect((await asked(at("state"), {}, { method: "POST" })).status).toBe(405);
    expect((await asked(at("control"))).status).toBe(405);
    const silent = await asked(
      at("control"),
      { "Content-Type": "application/json" },
      { method: "POST", body: '{"tell":"stop"}' },
    );
    expect(silent.status).toBe(403);
    expect((await post('{"tell":"stop"}', { "Content-Type": "text/plain" })).status).toBe(415);
    expect((await post("x".repeat(5000))).status).toBe(413);
    for (const body of ["", "{", '{"tell":"explode"}', '"stop"'])
      expect((await post(body)).status).toBe(400);
    const said = await post('{"tell":"stop"}');
    expect([said.status, JSON.parse(said.body).error]).toEqual([409, "RunNotActive"]);
  });

  it("reads what is added, waits for half a line, and begins again where the file is replaced", () => {
    const path = join(folder, "growing.jsonl");
    const read = followed(path);
    const steps = () => read().events.map((event) => ("step" in event ? event.step : 0));
    expect(steps()).toEqual([]);
    writeFileSync(path, step(1));
    expect(steps()).toEqual([1]);
    const before = read().version;
    expect(read().version).toBe(before);
    appendFileSync(path, `${step(2)}${step(3).slice(0, 20)}`);
    expect(steps()).toEqual([1, 2]);
    appendFileSync(path, `${step(3).slice(20)}no event\n${step(4)}`);
    expect(steps()).toEqual([1, 2, 3, 4]);
    writeFileSync(path, step(7));
    expect(steps()).toEqual([7]);
  });
});
