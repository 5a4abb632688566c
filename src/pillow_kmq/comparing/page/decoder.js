// Everything that a worker runs. It is one function, so that a worker can be made of its text.
function makeTools() {
  /* kmq.js */

  const LIGHT = Float64Array.from({ length: 256 }, (_, level) => {
    const s = level / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });

  /** Oklab of sRGB bytes, times 100. */
  function oklab(red, green, blue) {
    const [r, g, b] = [LIGHT[red], LIGHT[green], LIGHT[blue]];
    const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const medium = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      100 * (0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short),
      100 * (1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short),
      100 * (0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short),
    ];
  }

  const over = (level, alpha, under) => Math.floor((level * alpha + under * (255 - alpha) + 127) / 255);

  function distancesOver(a, b, under) {
    const found = new Float32Array(a.length / 4);
    let sum = 0;
    for (let i = 0, p = 0; i < found.length; i++, p += 4) {
      const one = oklab(over(a[p], a[p + 3], under), over(a[p + 1], a[p + 3], under), over(a[p + 2], a[p + 3], under));
      const other = oklab(over(b[p], b[p + 3], under), over(b[p + 1], b[p + 3], under), over(b[p + 2], b[p + 3], under));
      found[i] = Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
      sum += found[i];
    }
    return { found, mean: sum / found.length };
  }

  const STOPS = [[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]];

  function colored(distances, most) {
    const pixels = new Uint8ClampedArray(4 * distances.length).fill(255);
    for (let i = 0; i < distances.length; i++) {
      const place = Math.min(distances[i] / most, 1) * (STOPS.length - 1);
      const low = Math.min(Math.floor(place), STOPS.length - 2);
      for (let c = 0; c < 3; c++) pixels[4 * i + c] = STOPS[low][c] + (place - low) * (STOPS[low + 1][c] - STOPS[low][c]);
    }
    return pixels;
  }

  /** Distance in Oklab of each pixel as colours, and the mean; of transparent images the worse over black and white. */
  function difference(before, after, most) {
    const translucent = (pixels) => pixels.some((value, i) => i % 4 === 3 && value < 255);
    let worst = distancesOver(before, after, 0);
    if (translucent(before) || translucent(after)) {
      const white = distancesOver(before, after, 255);
      if (white.mean > worst.mean) worst = white;
    }
    return { mean: worst.mean, pixels: colored(worst.found, most) };
  }

  function decodePixels(bytes) {
    const image = decode(bytes, { maxPixels: 2 ** 28 });
    return { width: image.width, height: image.height, pixels: toRGBA(image) };
  }

  return { oklab, difference, decodePixels };
}

const tools = makeTools();

/** Run one of the tools in a worker, or in the page where there are none. */
const runTool = (() => {
  const waiting = new Map();
  let worker = null;
  let count = 0;
  const inPage = async (name, args) => tools[name](...args);
  try {
    const serve = (made) => {
      onmessage = ({ data: { number, name, args } }) => {
        try {
          postMessage({ number, value: made[name](...args) });
        } catch (error) {
          postMessage({ number, error: String(error) });
        }
      };
    };
    const code = `"use strict"; ${makeTools}; (${serve})(makeTools());`;
    worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    worker.onmessage = ({ data: { number, value, error } }) => {
      const { done, failed } = waiting.get(number);
      waiting.delete(number);
      if (error === undefined) done(value);
      else failed(new Error(error));
    };
    worker.onerror = () => {
      worker = null;
      for (const { done, name, args } of waiting.values()) done(inPage(name, args));
      waiting.clear();
    };
  } catch {
    worker = null;
  }
  return (name, ...args) => {
    if (worker === null) return inPage(name, args);
    return new Promise((done, failed) => {
      waiting.set(++count, { done, failed, name, args });
      worker.postMessage({ number: count, name, args });
    });
  };
})();
