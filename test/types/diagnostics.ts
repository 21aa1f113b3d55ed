/** An expected or reported compiler error, with its line. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  /** All lines of the message, including the indented explanations. */
  readonly message: string;
}

/** Parses a compiler's output (`--pretty false`) into errors, and the lines that belong to no file. */
export const diagnosticsOf = (
  output: string,
): { readonly diagnostics: readonly Diagnostic[]; readonly loose: readonly string[] } => {
  const diagnostics: Diagnostic[] = [];
  const loose: string[] = [];
  for (const text of output.split(/\n(?!\s)/)) {
    const match = /^(.*?)\((\d+),\d+\): error TS\d+: ([\s\S]*)$/.exec(text);
    if (match !== null)
      diagnostics.push({
        file: match[1] as string,
        line: Number(match[2]),
        message: (match[3] as string).trim(),
      });
    else if (text.trim() !== "") loose.push(text);
  }
  return { diagnostics, loose };
};

/** The errors that a fixture announces: `// @error part of the message` above the line. */
export const announced = (file: string, text: string): readonly Diagnostic[] =>
  text.split("\n").flatMap((line, n, lines) => {
    const message = /^\s*\/\/ @error (.+)$/.exec(line)?.[1];
    if (message === undefined) return [];
    // Several announcements may precede one line.
    const next = lines.findIndex((other, m) => m > n && !/^\s*\/\/ @error /.test(other));
    return [{ file, line: next + 1, message: message.trim() }];
  });

/** The differences: announced but not reported errors, and reported but not announced ones. */
export const disagreements = (
  expected: readonly Diagnostic[],
  actual: readonly Diagnostic[],
): readonly string[] => {
  const meets = (e: Diagnostic, a: Diagnostic): boolean =>
    e.file === a.file && e.line === a.line && a.message.includes(e.message);
  const on = (d: Diagnostic): string => `${d.file}:${d.line}`;
  return [
    ...expected
      .filter((e) => !actual.some((a) => meets(e, a)))
      .map((e) => {
        const there = actual.filter((a) => a.file === e.file && a.line === e.line);
        const instead = there.map((a) => a.message).join("\n") || "nothing";
        return `${on(e)}: announced: ${e.message}\nreported: ${instead}`;
      }),
    ...actual
      .filter((a) => !expected.some((e) => meets(e, a)))
      .map((a) => `${on(a)}: not announced: ${a.message}`),
  ];
};
