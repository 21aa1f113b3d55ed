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

/**
 * What catches the import of an optional package, `import("fflate").catch(absent)`, and fails as it does. esbuild refuses to
 * bundle an import of what is not installed, unless it is caught.
 */
export const absent = (error: unknown): never => {
  throw error;
};
