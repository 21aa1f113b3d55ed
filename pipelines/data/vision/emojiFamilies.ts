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

/** Codes that are taken for another's: the other gender, other hair, upside down, or another color. */
const sameAs: Readonly<Record<string, string>> = {
  ...{ "1F471": "1F9D1", "1F9D4": "1F9D1" }, // blond hair, a beard: a person
  ...{ "1F466": "1F9D2", "1F467": "1F9D2" }, // a boy, a girl: a child
  ...{ "1F474": "1F9D3", "1F475": "1F9D3" }, // an older man, an older woman: an older person
  ...{ "1F478": "1F934", "1F57A": "1F483" }, // a princess, a man who dances: a prince, a dancer
  ...{ "1F936": "1F385", "1F9D1-1F384": "1F385" }, // Christmas as a mother or a person: as a father
  ...{ "1F643": "1F642", "1F4D5": "1F4D7" }, // the upside-down face; the red book, which is named closed
};

/** What follows a joiner and only colors. */
const colored = /-200D-(?:2B1B|1F7E[0-9AB])/g;
const genders =
  /\b(?:(?:wo)?m[ae]ns?|boys?|girls?|(?:fe)?male|person|people|adult|child|two|and)\b/g;
const directions =
  /\b(?:(?:left|right|up|down)(?:wards?)?|(?:north|south) (?:east|west)|(?:anti)?clockwise|(?:horizontal|vertical)(?:ly)?|pointing|facing|front|oncoming|backhand|at the viewer|waxing|waning|first|next|last)\b/g;
const colors =
  /\b(?:black|white|red|orange|yellow|green|light blue|blue|purple|brown|pink|gr[ae]y|heavy|large|medium|small|high|low)\b/g;

/**
 * The families of {@link familiesOf}, and those of what its code and its name say without gender, hair, direction, color and size:
 * a boy and a girl, hands and arrows to the left and up, hearts and squares of all colors.
 */
export const relativesOf = (code: string, name: string): readonly string[] => {
  const [own = "", ...others] = familiesOf(code.replaceAll(colored, ""), name);
  const base = own.slice("code ".length);
  const parts = base.split("-").map((part) => sameAs[part] ?? part);
  const words = [genders, directions, colors]
    .reduce((rest, said) => rest.replaceAll(said, " "), (others[0] ?? "").replaceAll("-", " "))
    .replace("name", "")
    .replaceAll(/\s+/g, " ")
    .trim();
  return [
    own,
    ...others,
    `code ${sameAs[base] ?? parts.join("-")}`,
    ...(words === "" ? [] : [`kind ${words}`]),
  ];
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
