import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { About, Digest, Losses, Refusal, Request, Samples } from "./protocol.ts";

/** The command that starts a contender. */
export interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

type Answers = {
  readonly about: About;
  readonly workload: Losses;
  readonly kernel: Digest;
  readonly time: Samples;
};

/** The process of a contender, which answers one request at a time. If the process ends, the answer is an error. */
export interface Process {
  readonly ask: <R extends Request>(
    request: R,
    limit: number,
  ) => Promise<Answers[R["ask"]] | Refusal>;
  /** Whether it still answers. */
  readonly alive: () => boolean;
  readonly end: () => void;
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

export const start = ({ command, args }: Command): Process => {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let [complaints, ended] = ["", ""];
  let waiting: ((line: string) => void) | undefined;
  const settle = (line: string): void => {
    waiting?.(line);
    waiting = undefined;
  };
  const fail = (error: string): void => {
    ended = ended === "" ? error : ended;
    settle(JSON.stringify({ error: ended }));
  };
  child.stderr?.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-4000);
  });
  child.on("error", (error) => fail(error.message));
  child.on("close", (code) => fail(lastLine(complaints) || `it ended with code ${code}`));
  child.stdin?.on("error", () => undefined); // it has ended; `close` reports it
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (line) => {
      // A library may print lines of its own.
      if (line.startsWith("{")) settle(line);
    });

  return {
    ask: (request, limit) =>
      new Promise((resolve) => {
        if (ended !== "") {
          resolve({ error: ended });
          return;
        }
        const timer = setTimeout(() => {
          fail(`no answer within ${limit / 1000} s`);
          child.kill("SIGKILL");
        }, limit);
        waiting = (line) => {
          clearTimeout(timer);
          resolve(JSON.parse(line));
        };
        child.stdin?.write(`${JSON.stringify(request)}\n`);
      }),
    alive: () => ended === "",
    end: () => {
      child.stdin?.end();
      child.kill();
    },
  };
};
