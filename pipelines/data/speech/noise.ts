/** Adds noise to sound, in place, that is so many decibels softer than the sound is on average. */
export const addNoise = (
  samples: Float32Array,
  noise: ArrayLike<number>,
  from: number,
  decibels: number,
): void => {
  const energy = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  const level = Math.sqrt(energy) * 10 ** (-decibels / 20);
  for (let t = 0; t < samples.length; t++)
    samples[t] = (samples[t] as number) + level * (noise[from + t] as number);
};
