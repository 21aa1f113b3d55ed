// A plugin of typedoc. Plain JavaScript: typedoc's types are installed only where pages are made.
import { readFileSync } from "node:fs";
import { Comment, Context, Converter, ReflectionKind } from "typedoc";

/**
 * Most functions of fluxion are constants, some with a type of their own instead of a function literal. Typedoc has a
 * tag for those, `@function`, and asks here whether a comment has it; what cannot be called stays a variable.
 */
const asFunctions = () => {
  const { getComment } = Context.prototype;
  Context.prototype.getComment = function (symbol, kind) {
    const comment = getComment.call(this, symbol, kind);
    if (kind === ReflectionKind.Variable) comment?.modifierTags.add("@function");
    return comment;
  };
};

/** The comment that a module begins with: in Markdown, a blank line divides what a line begins with a bold word. */
const headOf = (source) => {
  const [, text] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(source, "utf8")) ?? [];
  return text === undefined
    ? undefined
    : new Comment([{ kind: "text", text: text.replaceAll(/^[ *]+/gm, "").trim() }]);
};

/** Names each module as one imports it, `fluxion/nn` and not the path of its file, with what its file begins with. */
const asImported = (project, rooms) => {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const room = rooms.find(({ path }) => path === module.name);
    if (room === undefined) continue;
    module.name = room.name;
    module.comment ??= headOf(room.source);
  }
};

/** A line that begins with a bold word (**Shapes**, **Math**, **Fails with**) is a paragraph of its own. */
const inParagraphs = (project) => {
  for (const { comment } of Object.values(project.reflections))
    for (const part of comment?.summary ?? [])
      if (part.kind === "text") part.text = part.text.replaceAll(/\n(?=\*\*[A-Z])/g, "\n\n");
};

/** Parameters that are taken apart where they stand have no name: here they are what a caller calls them. */
const named = (project) => {
  for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter))
    if (parameter.name === "__namedParameters") parameter.name = "options";
};

export const load = ({ converter }) => {
  const rooms = JSON.parse(process.env.FLUXION_ROOMS ?? "[]");
  asFunctions();
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    asImported(project, rooms);
    inParagraphs(project);
    named(project);
  });
};
