import * as Effect from "effect/Effect";
import { files } from "../../data/files.ts";
import { FileNotWritten, RunLocked } from "../../errors.ts";
import { reasonNotWritten } from "../../io/replaceFile.ts";

/**
 * The lock of a run's folder: an empty file with the machine, the process and its start in its name. It is made at
 * once with all that it says, and a process that is dead, or another with the same number, holds nothing.
 *
 * Whoever wants the folder first leaves a lock of its own, and then looks for others: of two at the same time at least
 * one sees the other, and gives way. Nobody takes a lock over, so that nobody takes one that was just made.
 */

const pattern = /^lock\.([^.]+)\.(\d+)\.([^.]+)$/;

/** Who holds a lock. `start` is when the process began, on systems that tell. */
export interface Holder {
  readonly machine: string;
  readonly pid: number;
  readonly start: string;
}

const nameOf = ({ machine, pid, start }: Holder): string => `lock.${machine}.${pid}.${start}`;

const holderOf = (name: string): Holder | undefined => {
  const [, machine, pid, start] = pattern.exec(name) ?? [];
  return machine === undefined || pid === undefined || start === undefined
    ? undefined
    : { machine, pid: Number(pid), start };
};

const node = (): NodeJS.Process => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  if (process === undefined) throw new Error("there are no files outside of Node");
  return process;
};

const textOf = async (path: string): Promise<string> =>
  new TextDecoder().decode(await files().readFile(path, {}));

/** When a process began, in the ticks of Linux and with the name of this boot; `none` elsewhere, or where it is dead. */
const startOf = async (pid: number): Promise<string> => {
  try {
    const stat = await textOf(`/proc/${pid}/stat`);
    // The second field is the command in parentheses, and may hold anything; the start is the 22nd.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    const boot = await textOf("/proc/sys/kernel/random/boot_id");
    return `${ticks}-${boot.slice(0, 8)}`;
  } catch {
    return "none";
  }
};

const isAlive = async ({ pid, start }: Holder): Promise<boolean> => {
  try {
    // Sends nothing, and tells whether there is such a process.
    node().kill(pid, 0);
  } catch (cause) {
    // A process of another user is one, too.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
  return start === "none" || start === (await startOf(pid));
};

const self = async (): Promise<Holder> => {
  const { hostname } = node().getBuiltinModule("node:os");
  const { pid } = node();
  // A name of a machine may have dots, which separate the parts.
  return { machine: hostname().replaceAll(/[^\w-]/g, "_"), pid, start: await startOf(pid) };
};

/** The process that trains in a folder; `undefined` where none does, or there is no such folder. */
export const holderOfFolder = (folder: string): Effect.Effect<Holder | undefined> =>
  Effect.promise(async () => {
    const machine = (await self()).machine;
    for (const name of await files()
      .readdir(folder)
      .catch(() => [])) {
      const holder = holderOf(name);
      // Whether a process of another machine lives cannot be told from here.
      if (holder !== undefined && (holder.machine !== machine || (await isAlive(holder))))
        return holder;
    }
    return undefined;
  });

const tries = 5;

const taken = async (folder: string): Promise<() => Promise<void>> => {
  const me = await self();
  const mine = nameOf(me);
  const remove = (name: string) => files().rm(`${folder}/${name}`, { force: true });
  for (let attempt = 1; ; attempt++) {
    try {
      await (await files().open(`${folder}/${mine}`, "wx")).close();
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "EEXIST")
        throw new RunLocked({ folder, lock: mine, pid: me.pid, machine: me.machine });
      throw cause;
    }
    let other: Holder | undefined;
    for (const name of await files().readdir(folder)) {
      const holder = name === mine ? undefined : holderOf(name);
      if (holder === undefined) continue;
      // Whether a process of another machine lives cannot be told from here.
      if (holder.machine !== me.machine || (await isAlive(holder))) other = holder;
      else await remove(name);
    }
    if (other === undefined) return () => remove(mine);
    await remove(mine);
    if (attempt === tries)
      throw new RunLocked({
        folder,
        lock: nameOf(other),
        pid: other.pid,
        machine: other.machine,
      });
    // Another that began at the same time may be giving way, too.
    await new Promise((resolve) => setTimeout(resolve, 10 + 40 * Math.random()));
  }
};

/**
 * Holds the folder of a run for as long as the scope lasts. It must exist.
 *
 * **Fails with** `RunLocked` where a process that lives holds it; `FileNotWritten` where the folder is not there, or
 * cannot be written to.
 */
export const lockFolder = (folder: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => taken(folder),
      catch: (cause) =>
        cause instanceof RunLocked
          ? cause
          : new FileNotWritten({ path: folder, reason: reasonNotWritten(cause) }),
    }),
    (release) => Effect.promise(() => release().catch(() => {})),
  );
