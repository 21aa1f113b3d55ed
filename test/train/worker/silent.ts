/** A module that serves no training. */
export {};
