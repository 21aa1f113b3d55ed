/** A command of the command line. */
export interface Command {
  readonly takesPipeline: boolean;
  /** The argument that it takes, in the help: of a command that takes a pipeline, by default NAME. */
  readonly takes?: string;
  /** What that argument is where it is left out. */
  readonly otherwise?: string;
  readonly help: string;
  readonly flags: readonly string[];
}

/** What stands for a trained model: the folder of a run, a file, or a pipeline with --state. */
const trained = "RUN|MODEL|NAME";

/** The commands by name. */
export const commands = {
  list: {
    takesPipeline: false,
    takes: "[WORD]",
    otherwise: "",
    help: "the pipelines that can be trained, by field, with their results; with a word, those of that field or with it in their name or description",
    flags: ["json", "markdown"],
  },
  data: {
    takesPipeline: false,
    takes: "[NAME]",
    otherwise: "",
    help: "fetch the data of a pipeline into the user's cache, verified; without a name, list all and what is there",
    flags: ["json"],
  },
  train: {
    takesPipeline: true,
    help: "train a pipeline, printing its progress",
    flags: [
      "epochs",
      "seed",
      "batch-size",
      "learning-rate",
      "backend",
      "threads",
      "deterministic",
      "run-dir",
      "resume",
      "config",
      "set",
      "json",
    ],
  },
  verify: {
    takesPipeline: false,
    takes: "DIR",
    help: "replay the run in a folder, and confirm it or name the first step that differs",
    flags: ["pipeline", "backend", "threads", "json"],
  },
  runs: {
    takesPipeline: false,
    takes: "[DIR]",
    otherwise: "runs",
    help: "the runs in a folder (runs by default) side by side: how they are doing, their metrics, and the settings that differ",
    flags: ["json"],
  },
  plot: {
    takesPipeline: false,
    takes: "DIR",
    help: "the curves of a run in the terminal; with --output, all its plots as SVG files in that folder; of a folder of runs, what they reached beside their baselines",
    flags: ["output", "pipeline"],
  },
  report: {
    takesPipeline: false,
    takes: "DIR",
    help: "write a report of a run as one page of HTML, into its folder or to --output",
    flags: ["output", "pipeline"],
  },
  watch: {
    takesPipeline: false,
    takes: "DIR",
    help: "follow a run in the browser: its curves, histograms and samples, with buttons to pause and to stop it",
    flags: ["pipeline", "port"],
  },
  summary: {
    takesPipeline: true,
    help: "a pipeline's layers, shapes and parameters, and what its step will cost",
    flags: ["plan", "code", "batch-size", "backend", "deterministic", "json"],
  },
  profile: {
    takesPipeline: true,
    help: "where the time of a pipeline's step goes, kernel by kernel, and what would help most",
    flags: ["threads", "batch-size", "deterministic", "json"],
  },
  evaluate: {
    takesPipeline: true,
    takes: trained,
    help: "the loss and metrics of a trained model: a model or checkpoint in a file, a run, or a pipeline",
    flags: ["state", "on", "backend", "threads", "json"],
  },
  predict: {
    takesPipeline: true,
    takes: trained,
    help: "what a trained model says about the rows of a file; with --output, drawn: a picture as a PNG file, boxes on their picture as an SVG file",
    flags: ["input", "output", "beam", "state", "backend", "threads", "json"],
  },
  export: {
    takesPipeline: true,
    takes: trained,
    help: "write a trained model to a file that needs no pipeline",
    flags: ["output", "state", "json"],
  },
} as const satisfies { readonly [name: string]: Command };

export type CommandName = keyof typeof commands;
