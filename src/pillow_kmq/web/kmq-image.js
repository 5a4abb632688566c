/**
 * <kmq-image src="picture.kmq" alt="…">: an element that behaves like <img>. MIT licence.
 */

import { decodeInWorker } from "./kmq-worker.js";
import { frames } from "./kmq.js";

const SHORTEST = 10; // frames of so many milliseconds or fewer are shown for 100, as browsers do with GIF
const LONGEST = 2 ** 31 - 1; // of a timer
const LAZY_MARGIN = "400px"; // how far outside the window lazy images begin to load

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
	:host { display: inline-block; width: max-content; overflow: hidden; }
	:host([hidden]) { display: none; }
	canvas { display: block; width: 100%; height: 100%; object-fit: inherit; object-position: inherit; }
	canvas[hidden] { display: none; }
`);

/** A length as in the attributes of <img>: "12" and "12px" are pixels, "50%" is a part; otherwise "". */
function lengthOf(text) {
	const [, number, percent] = /^\s*(\d+(?:\.\d*)?|\.\d+)(%?)/.exec(text ?? "") ?? [];
	return number === undefined ? "" : number + (percent || "px");
}

function pending() {
	const settled = {};
	settled.promise = new Promise((resolve, reject) => Object.assign(settled, { resolve, reject }));
	settled.promise.catch(() => {}); // nobody has to wait
	return settled;
}

/** Draws the frames of an image in time. */
class Player {
	#image;
	#canvas;
	#frames;
	#playsLeft;
	#wait = 0;
	#due = 0;
	#timer = 0;

	/** Draws the first frame. ended: called when the last play is over. */
	constructor(image, canvas, ended) {
		this.#image = image;
		this.#canvas = canvas;
		this.ended = ended;
		canvas.width = image.width;
		canvas.height = image.height;
		this.rewind();
	}

	rewind() {
		this.#playsLeft = this.#image.animation?.plays || Infinity;
		this.#begin();
	}

	#begin() {
		this.#frames = frames(this.#image);
		this.#step();
	}

	/** Draw the next frame; false if there is none. */
	#step() {
		const { value, done } = this.#frames.next();
		if (done) return false;
		const pixels = new ImageData(value.pixels, this.#image.width, this.#image.height);
		this.#canvas.getContext("2d").putImageData(pixels, 0, 0);
		this.#wait = value.duration <= SHORTEST ? 100 : value.duration;
		return true;
	}

	start() {
		this.stop();
		this.#due = performance.now() + this.#wait;
		this.#schedule();
	}

	stop() {
		clearTimeout(this.#timer);
	}

	#schedule() {
		this.#timer = setTimeout(() => this.#tick(), Math.min(LONGEST, this.#due - performance.now()));
	}

	#tick() {
		const now = performance.now();
		if (this.#due <= now) {
			if (!this.#step()) {
				this.#playsLeft--;
				if (this.#playsLeft <= 0) return this.ended();
				this.#begin();
			}
			this.#due = Math.max(this.#due, now - 1000) + this.#wait; // what slept for long does not catch up
		}
		this.#schedule();
	}
}

export class KmqImageElement extends HTMLElement {
	static observedAttributes = ["src", "alt", "width", "height", "loading"];

	#canvas = document.createElement("canvas");
	#alternative = document.createElement("span");
	#rules = new CSSStyleSheet();
	#internals = this.attachInternals();
	#image = null; // { width, height }
	#error = null;
	#currentSrc = "";
	#scheduled = false;
	#observer = null;
	#abort = null;
	#player = null; // of an animation
	#playing = false;
	#over = false;
	#stillness = matchMedia("(prefers-reduced-motion: reduce)");
	#pending = null; // the promise of a load, while it lasts, and what settles it: { promise, resolve, reject }

	constructor() {
		super();
		const root = this.attachShadow({ mode: "open" });
		root.adoptedStyleSheets = [sheet, this.#rules];
		this.#canvas.part = "image";
		this.#canvas.hidden = true;
		this.#alternative.part = "alt";
		root.append(this.#canvas, this.#alternative);
	}

	connectedCallback() {
		for (const name of ["src", "alt", "width", "height", "loading", "crossOrigin"]) this.#upgrade(name);
		this.#describe();
		if (this.#observer) this.#observer.observe(this);
		this.#stillness.addEventListener("change", this.#preferenceChanged);
		if (this.#playing) this.#player.start();
	}

	disconnectedCallback() {
		this.#stillness.removeEventListener("change", this.#preferenceChanged);
		this.#player?.stop();
	}

	#preferenceChanged = ({ matches }) => matches ? this.pause() : this.play();

	/** Properties that were set before the element was defined. */
	#upgrade(name) {
		if (!Object.hasOwn(this, name)) return;
		const value = this[name];
		delete this[name];
		this[name] = value;
	}

	attributeChangedCallback(name, _, value) {
		if (name === "src") this.#reload();
		else if (name === "alt") this.#describe();
		else if (name !== "loading") this.#layOut();
		else if (value?.toLowerCase() !== "lazy" && this.#observer) this.#load();
	}

	// What <img> has

	get src() {
		const src = this.getAttribute("src");
		return src ? this.#resolve(src) : "";
	}

	set src(value) {
		this.setAttribute("src", value);
	}

	get alt() {
		return this.getAttribute("alt") ?? "";
	}

	set alt(value) {
		this.setAttribute("alt", value);
	}

	get loading() {
		return this.getAttribute("loading")?.toLowerCase() === "lazy" ? "lazy" : "eager";
	}

	set loading(value) {
		this.setAttribute("loading", value);
	}

	get crossOrigin() {
		const value = this.getAttribute("crossorigin")?.toLowerCase();
		return value === undefined ? null : value === "use-credentials" ? value : "anonymous";
	}

	set crossOrigin(value) {
		if (value === null) this.removeAttribute("crossorigin");
		else this.setAttribute("crossorigin", value);
	}

	/** What has the size of the content, without padding. */
	get #box() {
		return this.#image ? this.#canvas : this;
	}

	/** As rendered; of an image that is not rendered, as stored. */
	get width() {
		return this.getClientRects().length > 0 ? this.#box.clientWidth : this.naturalWidth;
	}

	set width(value) {
		this.setAttribute("width", value);
	}

	get height() {
		return this.getClientRects().length > 0 ? this.#box.clientHeight : this.naturalHeight;
	}

	set height(value) {
		this.setAttribute("height", value);
	}

	get naturalWidth() {
		return this.#image?.width ?? 0;
	}

	get naturalHeight() {
		return this.#image?.height ?? 0;
	}

	get currentSrc() {
		return this.#currentSrc;
	}

	/** Whether there is nothing to wait for: no src, an image, or an error. */
	get complete() {
		return this.#pending === null;
	}

	/** A promise that the image can be shown. It is rejected with what went wrong, also when another src comes first. */
	async decode() {
		if (this.#pending) await this.#pending.promise;
		else if (!this.#image) throw this.#error ?? new DOMException("There is no src.", "EncodingError");
	}

	// What it has not

	/** Why the image could not be shown, a KmqError or what fetch threw; null if it could. */
	get error() {
		return this.#error;
	}

	/** Whether nothing moves: a still image, an animation that is over or was paused, a user who prefers no motion. */
	get paused() {
		return !this.#playing;
	}

	/** Go on with an animation; one that is over begins anew. */
	play() {
		if (!this.#player || this.#playing) return;
		if (this.#over) this.#player.rewind();
		this.#over = false;
		this.#playing = true;
		if (this.isConnected) this.#player.start();
	}

	/** Stop an animation at the frame that it shows. */
	pause() {
		this.#playing = false;
		this.#player?.stop();
	}

	// Loading

	/** Take the new src in a microtask, so that the other attributes of the same script are known. */
	#reload() {
		this.#stop(new DOMException("Another src was set.", "AbortError"));
		if (!this.hasAttribute("src")) return this.#show(null, null);
		this.#pending = pending();
		if (this.#scheduled) return;
		this.#scheduled = true;
		queueMicrotask(() => {
			this.#scheduled = false;
			if (!this.#pending) return;
			if (this.loading === "lazy") this.#await();
			else this.#load();
		});
	}

	#stop(reason) {
		this.#abort?.abort(reason);
		this.#abort = null;
		this.#observer?.disconnect();
		this.#observer = null;
		this.#pending?.reject(reason);
		this.#pending = null;
	}

	#await() {
		this.#observer?.disconnect();
		this.#observer = new IntersectionObserver((entries) => {
			if (entries.some((entry) => entry.isIntersecting)) this.#load();
		}, { rootMargin: LAZY_MARGIN });
		if (this.isConnected) this.#observer.observe(this);
	}

	async #load() {
		this.#observer?.disconnect();
		this.#observer = null;
		const abort = this.#abort = new AbortController();
		let image = null;
		let error = null;
		try {
			const src = this.getAttribute("src");
			if (src === "") throw new DOMException("The src is empty.", "EncodingError");
			this.#currentSrc = this.#resolve(src);
			const credentials = this.crossOrigin === "use-credentials" ? "include" : "same-origin";
			const response = await fetch(this.#currentSrc, { signal: abort.signal, credentials });
			if (!response.ok) throw new Error(`${this.#currentSrc}: ${response.status} ${response.statusText}`);
			image = await decodeInWorker(await response.arrayBuffer());
		} catch (caught) {
			error = caught;
		}
		if (abort.signal.aborted) return;
		this.#abort = null;
		this.#show(image, error);
		const { resolve, reject } = this.#pending;
		this.#pending = null;
		if (this.#error) reject(this.#error);
		else resolve();
		this.dispatchEvent(new Event(this.#error ? "error" : "load"));
	}

	#resolve(src) {
		try {
			return new URL(src, this.baseURI).href;
		} catch {
			return src;
		}
	}

	// Showing

	#show(image, error) {
		this.pause();
		this.#over = false;
		this.#player = null;
		this.#image = null;
		this.#error = error;
		try {
			const player = image && new Player(image, this.#canvas, () => {
				this.#playing = false;
				this.#over = true;
			});
			this.#image = image && { width: image.width, height: image.height };
			if (image?.animation?.durations.length > 1) this.#player = player;
		} catch (caught) { // canvases have limits of their own
			this.#error = caught;
		}
		this.#canvas.hidden = !this.#image;
		this.#layOut();
		this.#describe();
		if (!this.#stillness.matches) this.play();
	}

	/** The alternative text, for those who do not see the image, and on the page if it is broken. */
	#describe() {
		const alt = this.getAttribute("alt");
		this.#internals.role = alt === "" ? "presentation" : "img";
		this.#internals.ariaLabel = alt;
		this.#alternative.textContent = this.#error ? alt : "";
		for (const [state, on] of [["loaded", this.#image], ["broken", this.#error]]) {
			if (on) this.#internals.states.add(state);
			else this.#internals.states.delete(state);
		}
	}

	/** Sizes as for <img>: they count less than any rule of the page. */
	#layOut() {
		const width = lengthOf(this.getAttribute("width"));
		const height = lengthOf(this.getAttribute("height"));
		let ratio = "";
		if (this.#image) ratio = `${this.naturalWidth} / ${this.naturalHeight}`;
		else if (width.endsWith("px") && height.endsWith("px")) ratio = `${parseFloat(width)} / ${parseFloat(height)}`;
		this.#rules.replaceSync(`:host {
			${width && `width: ${width};`} ${height && `height: ${height};`} ${ratio && `aspect-ratio: ${ratio};`}
		}`);
	}
}

if (!customElements.get("kmq-image")) customElements.define("kmq-image", KmqImageElement);
