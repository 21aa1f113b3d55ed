import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { About, Digest, Losses, Refusal, Request, Samples } from "./protocol.ts";

/** How a contender is started. */
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

/** A contender's process, one question at a time. Whatever ends it is an answer: what went wrong. */
export interface Process {
  readonly ask: <R extends Request>(
    request: R,
    limit: number,
  ) => Promise<Answers[R["ask"]] | Refusal>;
  /** Whether it can still be asked. */
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
  child.stdin?.on("error", () => undefined); // it has ended, and `close` says so
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (line) => {
      // A library may print things of its own.
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
