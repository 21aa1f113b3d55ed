/** The folder of fluxion's modules and the end of their names, in the sources and in the build; none where a bundler has joined them. */
const [, own, end] =
  /^(.*\/src\/)(?:train\/worker\/program|joined\/[^/]+)(\.[jt]s)$/.exec(import.meta.url) ?? [];
const isSource = end === ".ts";
const format = isSource ? "module-typescript" : "module";

/**
 * Modules of fluxion name one another by their paths, so that nothing need be looked up. Node would look for a
 * `package.json` in every folder above each of hundreds of modules, which is a quarter of the start of a worker.
 */
const straight = (own: string, end: string): string => `registerHooks?.({
  resolve: (name, context, next) =>
    name.startsWith(".") && name.endsWith(${JSON.stringify(end)}) && context.parentURL?.startsWith(${JSON.stringify(own)})
      ? { url: new URL(name, context.parentURL).href, format: ${JSON.stringify(format)}, shortCircuit: true }
      : next(name, context),
});`;

/**
 * The program of a worker of Node that imports a module. Compiled code is kept in the folder of the thread that starts it,
 * where that has one, since a worker does not take it over; and where fluxion runs from its sources, whose types Node
 * would strip again for each worker, in Node's own folder.
 */
export const programOf = (module: URL, cache: string | undefined): string =>
  [
    'const { enableCompileCache, registerHooks } = process.getBuiltinModule("node:module");',
    ...(cache !== undefined || isSource ? [`enableCompileCache?.(${JSON.stringify(cache)});`] : []),
    ...(own === undefined || end === undefined ? [] : [straight(own, end)]),
    `import(${JSON.stringify(module.href)});`,
  ].join("\n");
