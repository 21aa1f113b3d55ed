const number = String.raw`-?\d+\.\d+`;
// A measure of spread is no figure.
const lists = new RegExp(`(?<!within )(?<![\\d.])${number}(?:(?:, | and | to )${number})*`, "g");
const numbersIn = (text: string): readonly string[] => text.match(new RegExp(number, "g")) ?? [];
const decimalsOf = (x: string): number => x.split(".")[1]?.length ?? 0;

/** Whether a number that a run printed, with at least as many decimals, rounds to one that is claimed. */
const rounds = (printed: string, claimed: string): boolean =>
  decimalsOf(printed) >= decimalsOf(claimed) &&
  Math.abs(Number(printed) - Number(claimed)) <= 0.5000001 * 10 ** -decimalsOf(claimed);

/**
 * The lists of decimal numbers in what a card claims of which a run printed none: a list has one number for each seed, or it is a
 * range. Whole numbers, as in "52 of 100 games", are not compared.
 */
export const unsaid = (claimed: string, printed: string): readonly string[] => {
  const said = numbersIn(printed);
  return (claimed.match(lists) ?? []).filter((list) => {
    const [low, high] = list.split(" to ").map(Number) as [number, number | undefined];
    return !said.some((x) =>
      high === undefined
        ? numbersIn(list).some((y) => rounds(x, y))
        : low <= Number(x) && Number(x) <= high,
    );
  });
};
