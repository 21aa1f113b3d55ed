/** The parts of a code that say only which man, woman or person: gender, skin, hair, and where they look. */
const variants = /^(?:FE0F|200D|2640|2642|1F3F[B-F]|1F9B[0-3]|27A1|2194|2195)$/;
const people = /^(?:1F468|1F469|1F9D1)$/;
const persons =
  /\b(?:man|men|woman|women|person|people|boy|boys|girl|girls|child|adult|face)\b|:.*|facing right/g;

/**
 * The families that an emoji belongs to, by its code and by its English name: a man, a woman and a person who run are one, and so
 * is what differs only in what follows a colon, such as keycaps, and the face of an animal and the animal. Flags are each for themselves.
 */
export const familiesOf = (code: string, name: string): readonly string[] => {
  const parts = code.split("-").filter((part) => !variants.test(part));
  const base = parts.map((part) => (people.test(part) ? "1F9D1" : part)).join("-");
  const words = name.startsWith("flag:")
    ? ""
    : name.toLowerCase().replaceAll(persons, " ").replaceAll(/\s+/g, " ").trim();
  return [`code ${base}`, ...(words === "" ? [] : [`name ${words}`])];
};

/** The family of each of some emoji, whose families are given: those with one in common have the same, named by its first. */
export const joined = (of: readonly (readonly string[])[]): readonly string[] => {
  const parent = new Map<string, string>();
  const rootOf = (name: string): string => {
    const up = parent.get(name);
    return up === undefined || up === name ? name : rootOf(up);
  };
  for (const [first = "", ...others] of of)
    for (const other of others) {
      const [a, b] = [rootOf(first), rootOf(other)].sort() as [string, string]; // of two there are two
      parent.set(b, a);
    }
  return of.map(([first = ""]) => rootOf(first));
};

/** The places of earlier drawings, of some one after another, from which each differs by a squared distance below `most`. */
export const lookalikes = (
  drawings: Float32Array,
  count: number,
  most: number,
): readonly (readonly number[])[] => {
  const n = drawings.length / count;
  const areAlike = (i: number, j: number): boolean => {
    let distance = 0;
    for (let k = 0; k < n && distance < most; k++)
      distance += ((drawings[i * n + k] as number) - (drawings[j * n + k] as number)) ** 2;
    return distance < most;
  };
  const places = Array.from({ length: count }, (_, i) => i);
  return places.map((i) => places.slice(0, i).filter((j) => areAlike(i, j)));
};
