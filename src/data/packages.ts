import { MissingPackage } from "../errors.ts";

/** Loads an optional package when it is first needed. **Fails with** `MissingPackage`, thrown. */
export const needed = async <A>(
  by: string,
  packages: readonly string[],
  load: () => Promise<A>,
): Promise<A> => {
  try {
    return await load();
  } catch {
    throw new MissingPackage({ by, packages });
  }
};
