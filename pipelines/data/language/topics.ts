import * as Effect from "effect/Effect";
import { familiesOf, heldOut, type Package, packages, wordsOf } from "../packages.ts";
import { textSplits } from "./labelled.ts";

/** Debian's sections. **Source** Debian Policy Manual, section 2.4; the last are of the archive itself. */
export const sections = [
  ..."admin cli-mono comm database debug devel doc editors education electronics embedded fonts".split(
    " ",
  ),
  ..."games gnome gnu-r gnustep golang graphics hamradio haskell httpd interpreters introspection".split(
    " ",
  ),
  ..."java javascript kde kernel libdevel libs lisp localization mail math metapackages misc".split(
    " ",
  ),
  ..."net news ocaml oldlibs otherosfs perl php python ruby rust science shells sound tasks tex".split(
    " ",
  ),
  ..."text utils vcs video web x11 xfce zope".split(" "),
] as const;

const numbers = new Map<string, number>(sections.map((section, i) => [section, i]));

/** How much is read of a description, in words, and of how many words: those that are seen at least twice. */
export const [length, limit] = [12, 16_000];

/**
 * Descriptions of packages by section, in training and test parts.
 *
 * A tenth of the families of packages is held out, where a family has sources or descriptions in common: see
 * {@link familiesOf}. Of packages with the same description in the same section only the first is kept.
 */
export const topicSplits = (all: readonly Package[]) => {
  const families = familiesOf(all);
  const seen = new Set<string>();
  const kept = all.flatMap(({ description, section }, i) => {
    const [label, words] = [numbers.get(section), wordsOf(description)];
    const once = `${section} ${words}`;
    if (label === undefined || words === "" || seen.has(once)) return [];
    seen.add(once);
    return [{ text: description, label, held: heldOut(families[i] ?? "") }];
  });
  return textSplits(
    kept.filter(({ held }) => !held),
    kept.filter(({ held }) => held),
    { limit, length, classes: sections },
  );
};

/** One-line descriptions of Debian's packages, and the sections of the archive that they are in. */
export const topics = Effect.map(packages, topicSplits);
