// The stage: two pictures over or next to each other, moved and zoomed together.
class Viewer {
  #stage; #panes; #split; #size = [1, 1]; #scale = 1; #center = [0.5, 0.5]; #fitted = true; #pointers = new Map();

  /** onzoom: called with the new scale. */
  constructor(stage, onzoom) {
    this.#stage = stage;
    this.onzoom = onzoom;
    this.#panes = [...stage.querySelectorAll(".pane")];
    this.#split = stage.querySelector("#split");
    this.#split.addEventListener("input", () => this.#place());
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => this.#up(event));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => (this.#fitted ? this.fit() : this.#place())).observe(stage);
  }

  get view() { return this.#stage.dataset.view; }

  set view(name) {
    this.#stage.dataset.view = name;
    if (this.#fitted) this.fit();
    else this.#place();
  }

  /** Show pictures, ImageData, in the panes; null keeps what a pane has. */
  show(before, after) {
    [before, after].forEach((picture, i) => {
      if (picture === null) return;
      const canvas = this.#panes[i].querySelector("canvas");
      [canvas.width, canvas.height] = [picture.width, picture.height];
      canvas.getContext("2d").putImageData(picture, 0, 0);
      if (String(this.#size) !== String([picture.width, picture.height])) {
        this.#size = [picture.width, picture.height];
        this.fit();
      }
    });
    this.#place();
  }

  /** Show the whole picture, enlarged by a whole factor if it is small, on a stage that is not higher than needed. */
  fit() {
    const stacked = this.view === "sides" && this.#panes[0].clientWidth === this.#stage.clientWidth ? 2 : 1;
    const highest = Math.min(0.7 * innerHeight, 704) / stacked;
    const scale = Math.min(this.#paneSize()[0] / this.#size[0], highest / this.#size[1]);
    this.#scale = scale > 1 ? Math.floor(scale) : scale;
    this.#stage.style.setProperty("--need", `${Math.ceil(this.#size[1] * this.#scale) * stacked + 2}px`);
    this.#center = [this.#size[0] / 2, this.#size[1] / 2];
    this.#fitted = true;
    this.#place();
  }

  /** Zoom to the next power of two, about a point of the stage or the middle. */
  zoom(direction, x, y) {
    const now = Math.log2(this.#scale);
    const next = direction > 0 ? Math.floor(now + 1.001) : Math.ceil(now - 1.001);
    this.#zoomTo(2 ** next, x, y);
  }

  #zoomTo(scale, x, y) {
    const bounded = Math.min(32, Math.max(1 / 32, scale));
    const [dx, dy] = x === undefined ? [0, 0] : this.#fromMiddle(x, y);
    this.#center = this.#center.map((value, i) => value + [dx, dy][i] * (1 / this.#scale - 1 / bounded));
    this.#scale = bounded;
    this.#fitted = false;
    this.#place();
  }

  #pan(dx, dy) {
    this.#center = [this.#center[0] - dx / this.#scale, this.#center[1] - dy / this.#scale];
    this.#place();
  }

  #paneSize() {
    const pane = this.#panes[1];
    return [pane.clientWidth, pane.clientHeight];
  }

  /** A point of the stage, relative to the middle of the pane that it is in. */
  #fromMiddle(x, y) {
    const box = this.#stage.getBoundingClientRect();
    const [width, height] = this.#paneSize();
    return [((x - box.left) % width) - width / 2, ((y - box.top) % height) - height / 2];
  }

  #place() {
    const [width, height] = this.#paneSize();
    const shown = [width / this.#scale, height / this.#scale];
    this.#center = this.#center.map((value, i) => {
      const margin = Math.min(shown[i], this.#size[i]) / 2;
      return Math.min(this.#size[i] - margin, Math.max(margin, value));
    });
    const left = Math.round(width / 2 - this.#center[0] * this.#scale);
    const top = Math.round(height / 2 - this.#center[1] * this.#scale);
    for (const pane of this.#panes) {
      const { style } = pane.querySelector("canvas");
      style.width = `${this.#size[0] * this.#scale}px`;
      style.height = `${this.#size[1] * this.#scale}px`;
      style.transform = `translate(${left}px, ${top}px)`;
      style.imageRendering = this.#scale >= 1 ? "pixelated" : "auto";
    }
    this.#stage.style.setProperty("--split", `${this.#split.value}%`);
    this.#split.setAttribute("aria-valuetext", `${this.#split.value} % original`);
    this.#stage.classList.toggle("zoomed", this.#movable());
    this.onzoom(this.#scale);
  }

  #movable() {
    const [width, height] = this.#paneSize();
    return this.#size[0] * this.#scale > width + 1 || this.#size[1] * this.#scale > height + 1;
  }

  #down(event) {
    if (event.button > 0) return;
    const box = this.#stage.getBoundingClientRect();
    const away = Math.abs(event.clientX - box.left - (box.width * this.#split.value) / 100);
    const splits = this.view === "slider" && (!this.#movable() || away < 24);
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, splits });
    if (splits) this.#splitAt(event.clientX);
  }

  #move(event) {
    const last = this.#pointers.get(event.pointerId);
    if (!last) return;
    const before = this.#spread();
    this.#pointers.set(event.pointerId, { ...last, x: event.clientX, y: event.clientY });
    if (this.#pointers.size === 2) {
      const after = this.#spread();
      this.#zoomTo((this.#scale * after.distance) / before.distance, after.x, after.y);
      this.#pan(after.x - before.x, after.y - before.y);
    } else if (last.splits) {
      this.#splitAt(event.clientX);
    } else {
      this.#pan(event.clientX - last.x, event.clientY - last.y);
    }
  }

  #up(event) { this.#pointers.delete(event.pointerId); }

  /** The middle of two fingers, and their distance. */
  #spread() {
    const [a, b = a] = [...this.#pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  }

  #splitAt(x) {
    const box = this.#stage.getBoundingClientRect();
    this.#split.value = (100 * (x - box.left)) / box.width;
    this.#place();
  }

  #wheel(event) {
    if (!event.ctrlKey && !this.#movable()) return; // the page scrolls
    event.preventDefault();
    if (event.ctrlKey) this.#zoomTo(this.#scale * 2 ** (-event.deltaY / 200), event.clientX, event.clientY);
    else this.#pan(-event.deltaX, -event.deltaY);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (event.key === "+" || event.key === "=") this.zoom(1);
    else if (event.key === "-") this.zoom(-1);
    else if (event.key === "0") this.fit();
    else if (event.key in steps && event.target === this.#stage && this.#movable()) this.#pan(...steps[event.key]);
    else return;
    event.preventDefault();
  }
}
