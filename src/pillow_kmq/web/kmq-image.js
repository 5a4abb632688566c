/** <kmq-image src="picture.kmq" alt="…">: an element that behaves like <img>. MIT licence. */

import { pictureOf } from "./kmq-pictures.js";
import { Player } from "./kmq-player.js";

const LAZY_MARGIN = "400px"; // how far outside the window lazy images begin to load
const Base = globalThis.HTMLElement ?? Object; // servers import this module too, and make no elements

const STYLE = `
	:host { display: inline-block; width: max-content; overflow: hidden; }
	:host([hidden]) { display: none; }
	div { position: relative; }
	div, img, canvas, ::slotted(*) {
		display: block; width: 100%; height: 100%; object-fit: inherit; object-position: inherit;
	}
	canvas + canvas { position: absolute; inset: 0; pointer-events: none; }
	[hidden] { display: none !important; }
`;

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

/** Set or clear a state for CSS: `:state(name)`, or `:--name` in Chrome 90 to 124. Other browsers may have none. */
function setState(states, name, on) {
	if (!states) return;
	states.delete(name);
	states.delete(`--${name}`);
	if (!on) return;
	try {
		states.add(name);
	} catch {
		states.add(`--${name}`);
	}
}

/** The promise that an <img> has loaded an address. */
function loaded(img, address) {
	return new Promise((resolve, reject) => {
		img.onload = resolve;
		img.onerror = () => reject(new DOMException("The browser cannot show an image like this.", "EncodingError"));
		img.src = address;
	});
}

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

export class KmqImageElement extends Base {
	static observedAttributes = ["src", "alt", "width", "height", "loading"];

	#img = make("img", { alt: "", part: "image", hidden: true }); // shows still images
	#canvases = [0, 1].map(() => make("canvas", { part: "image", hidden: true })); // of animations; see Player
	#shown = make("div");
	#fallback = make("slot", { name: "fallback", hidden: true });
	#alternative = make("span", { part: "alt" });
	#rules = new CSSStyleSheet();
	#internals = this.attachInternals();
	#picture = null;
	#error = null;
	#currentSrc = "";
	#scheduled = false;
	#removed = false; // from the document, before the image was loaded
	#observer = null;
	#abort = null;
	#player = null; // of an animation
	#stillness = matchMedia("(prefers-reduced-motion: reduce)");
	#pending = null; // the promise of a load, while it lasts, and what settles it: { promise, resolve, reject }

	constructor() {
		super();
		const root = this.attachShadow({ mode: "open" });
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(STYLE);
		root.adoptedStyleSheets = [sheet, this.#rules];
		this.#shown.append(this.#img, ...this.#canvases);
		this.#fallback.append(this.#alternative);
		root.append(this.#shown, this.#fallback);
	}

	connectedCallback() {
		for (const name of ["src", "alt", "width", "height", "loading", "crossOrigin"]) this.#upgrade(name);
		this.#describe();
		if (this.#removed) this.#reload();
		if (this.#observer) this.#observer.observe(this);
		this.#stillness.addEventListener("change", this.#preferenceChanged);
		this.#player?.attach();
	}

	disconnectedCallback() {
		this.#stillness.removeEventListener("change", this.#preferenceChanged);
		this.#player?.detach();
		queueMicrotask(() => { // it may only be moved
			if (this.isConnected || !this.#pending) return;
			this.#stop(new DOMException("The element was removed.", "AbortError"));
			this.#removed = true;
		});
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
		return !this.#picture ? this : this.#player ? this.#canvases[0] : this.#img;
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
		return this.#picture?.width ?? 0;
	}

	get naturalHeight() {
		return this.#picture?.height ?? 0;
	}

	get currentSrc() {
		return this.#currentSrc;
	}

	/** Whether there is nothing to wait for: no src, an image, or an error. */
	get complete() {
		return this.#pending === null && !this.#removed;
	}

	/** A promise that the image can be shown. It is rejected with what went wrong, also when another src comes first. */
	async decode() {
		if (this.#pending) await this.#pending.promise;
		else if (!this.#picture) throw this.#error ?? new DOMException("There is no image.", "EncodingError");
		if (!this.#player) await this.#img.decode();
	}

	// What it has not

	/** Why the image could not be shown, a KmqError or what fetch threw; null if it could. */
	get error() {
		return this.#error;
	}

	/** Whether nothing moves: a still image, an animation that is over or was paused, a user who prefers no motion. */
	get paused() {
		return this.#player?.paused ?? true;
	}

	/** Go on with an animation; one that is over begins anew. */
	play() {
		this.#player?.play();
	}

	/** Stop an animation at the frame that it shows. */
	pause() {
		this.#player?.pause();
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
		this.#removed = false;
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
		const { signal } = this.#abort = new AbortController();
		let error = null;
		try {
			const picture = await this.#fetch(signal);
			await this.#take(picture, signal);
		} catch (caught) {
			error = caught;
		}
		if (signal.aborted) return;
		this.#abort = null;
		if (error) this.#show(null, error);
		const { resolve, reject } = this.#pending;
		this.#pending = null;
		if (error) reject(error);
		else resolve();
		this.dispatchEvent(new Event(error ? "error" : "load"));
	}

	#fetch(signal) {
		const src = this.getAttribute("src");
		if (src === "") throw new DOMException("The src is empty.", "EncodingError");
		this.#currentSrc = this.#resolve(src);
		return pictureOf(this.#currentSrc, this.crossOrigin === "use-credentials" ? "include" : "same-origin", signal);
	}

	#resolve(src) {
		try {
			return new URL(src, this.baseURI).href;
		} catch {
			return src;
		}
	}

	// Showing

	async #take(picture, signal) {
		if (picture.url) await loaded(this.#img, picture.url);
		if (!signal.aborted) this.#show(picture, null);
	}

	#show(picture, error) {
		this.#player?.pause();
		this.#player?.detach();
		this.#player = picture?.animation ? new Player(picture.animation, ...this.#canvases) : null;
		this.#picture = picture;
		this.#error = error;
		this.#img.hidden = !picture?.url;
		if (!picture?.url) this.#img.removeAttribute("src");
		this.#canvases[0].hidden = !this.#player;
		if (!this.#player) this.#canvases[1].hidden = true;
		this.#shown.hidden = !picture;
		this.#fallback.hidden = !error;
		this.#layOut();
		this.#describe();
		if (this.isConnected) this.#player?.attach();
		if (!this.#stillness.matches) this.play();
	}

	/** The alternative text, for those who do not see the image, and on the page if it is broken. */
	#describe() {
		const alt = this.getAttribute("alt");
		if ("role" in this.#internals) {
			this.#internals.role = alt === "" ? "presentation" : "img";
			this.#internals.ariaLabel = alt;
		} else { // Firefox before 119
			this.setAttribute("role", alt === "" ? "presentation" : "img");
			this.setAttribute("aria-label", alt ?? "");
		}
		this.#alternative.textContent = this.#error ? alt : "";
		setState(this.#internals.states, "loaded", this.#picture);
		setState(this.#internals.states, "broken", this.#error);
	}

	/** Sizes as for <img>: they count less than any rule of the page. */
	#layOut() {
		const width = lengthOf(this.getAttribute("width"));
		const height = lengthOf(this.getAttribute("height"));
		let ratio = "";
		if (this.#picture) ratio = `${this.naturalWidth} / ${this.naturalHeight}`;
		else if (width.endsWith("px") && height.endsWith("px")) ratio = `${parseFloat(width)} / ${parseFloat(height)}`;
		this.#rules.replaceSync(`:host {
			${width && `width: ${width};`} ${height && `height: ${height};`} ${ratio && `aspect-ratio: ${ratio};`}
		}`);
	}
}

if (globalThis.customElements && !customElements.get("kmq-image")) {
	customElements.define("kmq-image", KmqImageElement);
}
