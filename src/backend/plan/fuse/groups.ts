import type { AnyNode } from "../../../ir/expr.ts";

/**
 * A group of nodes that run together, and its place in the order of groups. A question about the order takes time in
 * proportion to its answer, so that lowering takes nearly linear time in the number of nodes.
 */
export interface Group {
  readonly nodes: AnyNode[];
  /** Groups that must run before, each with `true` if more than its element at the same index is needed. */
  readonly before: Map<Group, boolean>;
  /** Groups that must run after. */
  readonly after: Set<Group>;
  /** Higher than the level of each group that must run before. */
  level: number;
}

export const groupOfOne = (node: AnyNode): Group => ({
  nodes: [node],
  before: new Map(),
  after: new Set(),
  level: 0,
});

/** Raises the level of a group, and of those after it as far as needed. */
const raise = (group: Group, level: number): void => {
  group.level = level;
  const raised = [group];
  for (let here = raised.pop(); here !== undefined; here = raised.pop())
    for (const later of here.after)
      if (later.level <= here.level) {
        later.level = here.level + 1;
        raised.push(later);
      }
};

/** Makes `later` run after `earlier`; `whole` says that it needs more than the element at the same index. */
export const follow = (later: Group, earlier: Group, whole: boolean): void => {
  later.before.set(earlier, whole || later.before.get(earlier) === true);
  earlier.after.add(later);
  if (later.level <= earlier.level) raise(later, earlier.level + 1);
};

/** Takes a group out of the order. */
export const leave = (group: Group): void => {
  for (const earlier of group.before.keys()) earlier.after.delete(group);
  for (const later of group.after) later.before.delete(group);
  group.before.clear();
  group.after.clear();
};

/** The level of the group that two groups form together. */
const levelTogether = (a: Group, b: Group): number => {
  const [later, earlier] = a.level > b.level ? [a, b] : [b, a];
  let level = earlier.level;
  for (const other of later.before.keys())
    if (other !== earlier) level = Math.max(level, other.level + 1);
  return level;
};

/** Makes `from` part of `into`, with the same groups before and after. An order between the two is dropped. */
export const absorbInto = (into: Group, from: Group): void => {
  const before = [...from.before];
  const after = [...from.after].map((later) => [later, later.before.get(from) === true] as const);
  const level = levelTogether(into, from);
  leave(from);
  raise(into, level);
  for (const [earlier, whole] of before) if (earlier !== into) follow(into, earlier, whole);
  for (const [later, whole] of after) if (later !== into) follow(later, into, whole);
  for (const node of from.nodes) into.nodes.push(node);
};

const weight = ({ nodes, before, after }: Group): number => nodes.length + before.size + after.size;

/** Merges two groups, and returns the one that stays: the larger, so that each node moves only a few times. */
export const united = (a: Group, b: Group): readonly [stays: Group, goes: Group] => {
  const [stays, goes] = weight(a) >= weight(b) ? [a, b] : [b, a];
  absorbInto(stays, goes);
  return [stays, goes];
};

/** Maximum groups that a search visits before it answers yes. */
const mostLooks = 256;

/**
 * Whether `later` must run after `earlier` because of a third group, and not only directly. The search goes from the
 * end with fewer groups to visit; if it takes too long, the answer is yes.
 */
export const dependsByOthers = (later: Group, earlier: Group): boolean => {
  if (later.level <= earlier.level) return false;
  const ahead = new Set<Group>();
  const behind = new Set<Group>();
  for (const next of earlier.after) if (next.level < later.level) ahead.add(next);
  for (const last of later.before.keys()) if (last.level > earlier.level) behind.add(last);
  // A set can grow while a loop walks it; the loop then visits the new elements too.
  const [forwards, backwards] = [ahead.values(), behind.values()];
  for (let looks = 0; looks < mostLooks; looks++) {
    const next = forwards.next();
    const last = backwards.next();
    if (next.done || last.done) return false;
    if (behind.has(next.value) || ahead.has(last.value)) return true;
    for (const group of next.value.after) {
      if (group === later) return true;
      if (group.level < later.level) ahead.add(group);
    }
    for (const group of last.value.before.keys()) {
      if (group === earlier) return true;
      if (group.level > earlier.level) behind.add(group);
    }
  }
  return true;
};

/** Whether `later` has to run after `earlier`, directly or through others. */
export const dependsOn = (later: Group, earlier: Group): boolean =>
  later.before.has(earlier) || dependsByOthers(later, earlier);
