import { BackendClosed } from "../../errors.ts";

/**
 * Values that live until their holder is garbage-collected or until {@link Owned.release}, whichever comes first. So a
 * program that somebody still holds cannot keep memory alive that its backend has released.
 */
export interface Owned<V> {
  /** The value of a holder. **Fails with** (throws) `BackendClosed` after the release, naming the operation. */
  readonly get: (holder: object, op: string) => V | undefined;
  readonly set: (holder: object, value: V) => void;
  readonly delete: (holder: object) => void;
  /** Drops every value, and refuses all later uses. */
  readonly release: () => void;
}

export const ownedBy = <V>(backend: string): Owned<V> => {
  let values: WeakMap<object, V> | undefined = new WeakMap();
  return {
    get: (holder, op) => {
      if (values === undefined) throw new BackendClosed({ backend, op });
      return values.get(holder);
    },
    set: (holder, value) => {
      values?.set(holder, value);
    },
    delete: (holder) => {
      values?.delete(holder);
    },
    release: () => {
      values = undefined;
    },
  };
};
