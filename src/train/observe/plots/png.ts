import { encodePng } from "../../../data/pictures/encode.ts";
import type { Picture } from "../../../data/raw/raw.ts";

/** A picture as a URL that holds all of it. */
export const pngUrl = (picture: Picture): string => {
  const bytes = encodePng(picture);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return `data:image/png;base64,${btoa(text)}`;
};
