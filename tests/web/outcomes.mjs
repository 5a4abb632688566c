// Images and the entries of vectors.json in the same words, for Node and for pages.

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const bytesOf = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The colours of indices, all as hex. */
function colored(indices, palette) {
  return Array.from(bytesOf(indices), (i) => palette.slice(8 * i, 8 * i + 8) || "000000ff").join("");
}

function plain({ iccProfile, exif, xmp, texts, resolution }) {
  const result = { icc_profile: iccProfile, exif, xmp, texts, resolution };
  for (const [name, value] of Object.entries(result)) {
    if (value === undefined) delete result[name];
    else if (value instanceof Uint8Array) result[name] = hex(value);
    else if (value instanceof Map) result[name] = Object.fromEntries(value);
  }
  return result;
}

/** An image that was decoded; `frames` is the decoder's function of that name. */
export function described(image, frames) {
  const { width, height, palette, indices, metadata, animation } = image;
  const shown = Array.from(frames(image), ({ duration, pixels }) => ({ duration, pixels: hex(pixels) }));
  return {
    outcome: "good", width, height, palette: hex(palette), metadata: plain(metadata),
    indices: indices && hex(indices), plays: animation && animation.plays, shown,
  };
}

/** What an entry says that the decoder must make of the file. */
export function stated({ outcome, width, height, palette, indices, metadata, plays, durations, frames, indexed }) {
  if (outcome !== "good") return { outcome: outcome === "not KMQ" ? "not-kmq" : outcome };
  const shown = (frames ?? [indices]).map((frame, i) => ({
    duration: durations ? durations[i] : 0,
    pixels: indexed === false ? frame : colored(frame, palette),
  }));
  const animated = frames !== undefined;
  return {
    outcome, width, height, palette, metadata: metadata ?? {},
    indices: animated ? null : indices, plays: animated ? plays : null, shown,
  };
}
