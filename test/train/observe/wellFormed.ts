/**
 * What is wrong with a text as XML: a tag that is not closed, a bare `<` or `&`, a character that XML has no place for.
 * `undefined` for a text of elements, attributes in double quotes and characters, which is all that plots are made of.
 */
export const malformed = (text: string): string | undefined => {
  if (!text.isWellFormed()) return "half a character";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text))
    return "a control character";
  const entity = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i;
  const tag = /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y;
  const open: string[] = [];
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf("<", at);
    const between = text.slice(at, next < 0 ? undefined : next);
    if (entity.test(between)) return `a bare & in ${between.slice(0, 40)}`;
    if (next < 0) break;
    tag.lastIndex = next;
    const found = tag.exec(text);
    if (found === null) return `no tag: ${text.slice(next, next + 60)}`;
    const [whole, closing, name = "", attributes = "", single] = found;
    if (entity.test(attributes)) return `a bare & in ${attributes.slice(0, 60)}`;
    if (closing === "/") {
      if (open.pop() !== name) return `</${name}> closes something else`;
    } else if (single !== "/") open.push(name);
    at = next + whole.length;
  }
  return open.length === 0 ? undefined : `<${open.at(-1)}> is not closed`;
};
