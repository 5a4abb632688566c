// The page: which result is shown, and everything that follows from it.
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const MOST = 10; // ΔE that the map shows as its brightest colour

const images = all(".image").map((section) => ({
  section,
  ...JSON.parse(find(".data", section).textContent),
  files: all(".file", section),
  pictures: new Map(),
}));
const state = { image: images[0], row: 0 };
const viewer = new Viewer(find("#stage"), (scale) => {
  find("#scale").textContent = `${Math.round(100 * scale)} %`;
});

// Pictures

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

async function decodeByBrowser(bytes, type) {
  const bitmap = await createImageBitmap(new Blob([bytes], { type }), { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Decode file `number` of an image: 0 is the original, 1 the first row. .kmq files are decoded by our own decoder. */
function pictureOf(image, number) {
  if (!image.pictures.has(number)) {
    const bytes = bytesOf(image.files[number].textContent);
    const type = number ? image.rows[number - 1].mime : "image/png";
    const decoded = type === "image/x-kmq"
      ? runTool("decodePixels", bytes).then(({ width, height, pixels }) => new ImageData(pixels, width, height))
      : decodeByBrowser(bytes, type);
    for (const old of [...image.pictures.keys()].filter((key) => key).slice(0, -3)) image.pictures.delete(old);
    image.pictures.set(number, decoded);
  }
  return image.pictures.get(number);
}

async function showPictures() {
  const { image, row } = state;
  const map = viewer.view === "map";
  find("#stage").setAttribute("aria-busy", "true");
  try {
    const [before, result] = await Promise.all([pictureOf(image, 0), pictureOf(image, row + 1)]);
    let after = result;
    if (map) {
      const { mean, pixels } = await runTool("difference", before.data, result.data, MOST);
      after = new ImageData(pixels, result.width, result.height);
      if (state.image === image && state.row === row) find("#stage").dataset.mean = mean.toFixed(4);
    }
    if (state.image !== image || state.row !== row || map !== (viewer.view === "map")) return; // another one was chosen
    viewer.show(before, after);
    find("#failed").hidden = true;
    find("#stage").dataset.shown = String(row);
    find("#stage").removeAttribute("aria-busy");
  } catch (error) {
    find("#failed").textContent = `This picture cannot be shown: ${error.message}`;
    find("#failed").hidden = false;
  }
}

/** An address of the chosen file, which replaces the last one. */
function addressOfFile(type) {
  if (find("#save").href) URL.revokeObjectURL(find("#save").href);
  return URL.createObjectURL(new Blob([bytesOf(state.image.files[state.row + 1].textContent)], { type }));
}

// What is chosen

const labels = () => [...new Set(state.image.rows.map((row) => row.label))];
const isOption = (select, value) => [...select.options].some((option) => option.value === value);

function fill(select, values, chosen) {
  select.replaceChildren(...values.map((value) => new Option(value === "" ? "any" : value, value)));
  if (isOption(select, chosen)) select.value = chosen;
}

const colorsOf = (row) => String(row.colors ?? "");

function choose(row) {
  state.row = row;
  const { rows } = state.image;
  fill(find("#label"), labels(), rows[row].label);
  fill(find("#colors"), rows.filter(({ label }) => label === rows[row].label).map(colorsOf), colorsOf(rows[row]));
  find("#colors").disabled = rows[row].colors === null;
  showFacts();
  showPalette();
  markChosen();
  showPictures();
}

function chooseByName() {
  const { rows } = state.image;
  const named = rows.map((row, i) => [row, i]).filter(([row]) => row.label === find("#label").value);
  const [, index] = named.find(([row]) => colorsOf(row) === find("#colors").value) ?? named.at(-1);
  choose(index);
}

function cellsOf(row) {
  const head = all("thead th", state.image.section).map((cell) => cell.textContent);
  const cells = [...find(`tr[data-row="${row}"]`, state.image.section).cells].map((cell) => cell.textContent.trim());
  return head.map((name, i) => [name.trim(), cells[i]]);
}

function showFacts() {
  const row = state.image.rows[state.row];
  const name = row.colors ? `${row.label}, ${row.colors} colours` : row.label;
  find("#tag").textContent = viewer.view === "map" ? `Difference: ${name}` : name;
  find("#after canvas").setAttribute("aria-label", find("#tag").textContent);
  find("#figures").textContent = cellsOf(state.row).slice(2).map(([head, value]) => `${head} ${value}`).join(" · ");
  find("#command").textContent = row.command;
  find("#copy").textContent = "Copy";
  const extension = { "image/x-kmq": "kmq", "image/webp": "webp", "image/png": "png" }[row.mime];
  const stem = state.image.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
  find("#save").download = `${stem}-${row.colors ?? "lossy"}.${extension}`;
  find("#save").href = addressOfFile(row.mime);
}

function showPalette() {
  const { rows, palettes, size } = state.image;
  const palette = palettes[rows[state.row].palette];
  const pixels = size[0] * size[1];
  const most = palette.length ? palette[0][1] : 1;
  find("#swatches").replaceChildren(...palette.map(([color, count]) => {
    const swatch = document.createElement("li");
    const share = (100 * count) / pixels;
    swatch.style.setProperty("--use", `${(100 * count) / most}%`);
    swatch.title = `${color}, ${share < 0.1 ? "below 0.1" : share.toFixed(1)} %`;
    const [square, words] = [document.createElement("i"), document.createElement("span")];
    square.style.background = color;
    words.className = "hidden";
    words.textContent = swatch.title;
    swatch.append(square, words);
    return swatch;
  }));
  find("#unlisted").hidden = palette.length > 0;
  drawPalette(find(".plane svg", state.image.section), state.image.plane, palette, pixels);
}

function markChosen() {
  const { section, plots } = state.image;
  for (const row of all("tbody tr", section)) row.toggleAttribute("aria-current", Number(row.dataset.row) === state.row);
  find("tbody tr[aria-current]", section).setAttribute("aria-current", "true");
  for (const figure of all("[data-plot]", section)) markPoint(find("svg", figure), plots[figure.dataset.plot], state.row);
}

// Controls

function showImage(number) {
  const { label, colors } = state.image.rows[state.row];
  state.image = images[number];
  images.forEach(({ section }, i) => { section.hidden = i !== number; });
  find("#about").textContent = `${state.image.size.join(" × ")} pixels, ${state.image.rows.length} results`;
  const same = state.image.rows.findIndex((row) => row.label === label && row.colors === colors);
  choose(same < 0 ? 0 : same);
}

async function copy() {
  const code = find("#command");
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch { // pages from disk may not use the clipboard in some browsers
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  find("#copy").textContent = "Copied";
}

function showMeasure(section) {
  const name = find(".measure", section).value;
  for (const figure of all("[data-plot]", section)) {
    figure.hidden = figure.dataset.plot !== "size" && !figure.dataset.plot.startsWith(`${name}-`);
  }
}

const valueOf = (cell) => {
  const text = cell.textContent.trim();
  return text === "∞" ? Infinity : /^[-\d.,]+$/.test(text) ? Number(text.replaceAll(",", "")) : text;
};

function sortBy(head) {
  const table = head.closest("table");
  const rising = head.getAttribute("aria-sort") !== "ascending";
  for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const value = (row) => valueOf(row.cells[head.cellIndex]);
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0) * (rising ? 1 : -1);
  const body = find("tbody", table);
  body.append(...[...body.rows].sort((a, b) => order(value(a), value(b))));
}

function setView(name) {
  viewer.view = name;
  find("#legend").hidden = name !== "map";
  showFacts();
  showPictures();
}

find("#most").textContent = `${MOST} or more`;
find("#image").addEventListener("change", (event) => showImage(Number(event.target.value)));
find("#label").addEventListener("change", chooseByName);
find("#colors").addEventListener("change", chooseByName);
find("#in").addEventListener("click", () => viewer.zoom(1));
find("#out").addEventListener("click", () => viewer.zoom(-1));
find("#fit").addEventListener("click", () => viewer.fit());
find("#copy").addEventListener("click", copy);
for (const radio of all("[name=view]")) radio.addEventListener("change", () => setView(radio.value));
for (const [number, image] of images.entries()) {
  const { section, plots } = image;
  find(".measure", section).addEventListener("change", () => showMeasure(section));
  showMeasure(section);
  for (const head of all("thead th", section)) head.addEventListener("click", () => sortBy(head));
  for (const row of all("tbody tr", section)) row.addEventListener("click", () => choose(Number(row.dataset.row)));
  for (const figure of all("[data-plot]", section)) {
    figure.addEventListener("click", (event) => {
      const row = nearestRow(find("svg", figure), plots[figure.dataset.plot], event);
      if (row !== null) choose(row);
    });
  }
  if (number === 0) {
    const best = image.rows.findIndex((row) => row.maker === "pillow-kmq" && row.colors >= 32);
    state.row = Math.max(0, best);
    showImage(0);
  }
}
