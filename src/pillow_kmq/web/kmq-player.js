/** Plays an animation on a canvas, while somebody may see it. MIT licence. */

import { frames } from "./kmq.js";

const SHORTEST = 10; // frames of so many milliseconds or fewer are shown for 100, as browsers do with GIF
const LONGEST = 2 ** 31 - 1; // of a timer

function resize(canvas, width, height) {
	if (canvas.width !== width) canvas.width = width;
	if (canvas.height !== height) canvas.height = height;
}

/**
 * Draw a canvas on a smaller one. Not all browsers filter more than two by two pixels, so it is halved first, on a
 * third, which has half its size.
 */
function shrink(source, target, third) {
	let [from, x, y] = [source, source.width, source.height];
	const draw = (canvas, width, height) => {
		const context = canvas.getContext("2d");
		context.globalCompositeOperation = "copy";
		context.drawImage(from, 0, 0, x, y, 0, 0, width, height);
		[from, x, y] = [canvas, width, height];
	};
	while (x >= 2 * target.width && y >= 2 * target.height) draw(third, Math.ceil(x / 2), Math.ceil(y / 2));
	draw(target, target.width, target.height);
}

export class Player {
	#image;
	#full; // the canvas that the frame is drawn on, of the size of the image
	#small; // and the one that shows it if it is shown smaller: browsers scale canvases down without filtering
	#half = document.createElement("canvas"); // for scaling
	#frames;
	#playsLeft;
	#playing = false;
	#over = false;
	#seen = false;
	#wait = 0;
	#due = 0;
	#timer = 0;
	#visibility = new IntersectionObserver((entries) => {
		this.#seen = entries.at(-1).isIntersecting;
		this.#update();
	});
	#sizes = new ResizeObserver(() => this.#scale());

	/** Draws the first frame. Throws if the browser has no canvas of that size. */
	constructor(image, full, small) {
		this.#image = image;
		this.#full = full;
		this.#small = small;
		full.width = image.width;
		full.height = image.height;
		this.#rewind();
	}

	/** Whether nothing moves, or would move where somebody sees it. */
	get paused() {
		return !this.#playing;
	}

	/** Go on; an animation that is over begins anew. */
	play() {
		if (this.#playing || this.#image.animation.durations.length < 2) return;
		if (this.#over) this.#rewind();
		this.#over = false;
		this.#playing = true;
		this.#update();
	}

	pause() {
		this.#playing = false;
		this.#update();
	}

	/** The canvas is in a document, from now on. */
	attach() {
		this.#visibility.observe(this.#full);
		this.#sizes.observe(this.#full);
		document.addEventListener("visibilitychange", this.#update);
	}

	/** It is in none; also before the player is given up. */
	detach() {
		this.#visibility.disconnect();
		this.#sizes.disconnect();
		document.removeEventListener("visibilitychange", this.#update);
		this.#seen = false;
		this.#update();
	}

	/** Start or stop the clock. */
	#update = () => {
		clearTimeout(this.#timer);
		if (!this.#playing || !this.#seen || document.hidden) return;
		this.#due = performance.now() + this.#wait;
		this.#schedule();
	};

	#rewind() {
		this.#playsLeft = this.#image.animation.plays || Infinity;
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
		this.#full.getContext("2d").putImageData(pixels, 0, 0);
		this.#scale();
		this.#wait = value.duration <= SHORTEST ? 100 : value.duration;
		return true;
	}

	#schedule() {
		this.#timer = setTimeout(() => this.#tick(), Math.min(LONGEST, this.#due - performance.now()));
	}

	#tick() {
		const now = performance.now();
		if (this.#due <= now) {
			if (!this.#step()) {
				this.#playsLeft--;
				if (this.#playsLeft <= 0) return this.#end();
				this.#begin();
			}
			this.#due = Math.max(this.#due, now - 1000) + this.#wait; // what slept for long does not catch up
		}
		this.#schedule();
	}

	#end() {
		this.#playing = false;
		this.#over = true;
	}

	/** Show the frame, scaled down if it is shown smaller. */
	#scale() {
		const [full, small] = [this.#full, this.#small];
		const [width, height] = this.#shownSize();
		const smaller = width < full.width || height < full.height;
		full.style.opacity = smaller ? 0 : ""; // it stays in place for layout, and for "save image"
		small.hidden = !smaller;
		if (!smaller) return;
		resize(this.#half, Math.ceil(full.width / 2), Math.ceil(full.height / 2));
		resize(small, width, height);
		shrink(full, small, this.#half);
	}

	/** In pixels of the screen, at most as stored. */
	#shownSize() {
		const { width, height } = this.#full;
		const box = this.#full.getBoundingClientRect();
		const { objectFit, imageRendering } = getComputedStyle(this.#full);
		let x = devicePixelRatio * box.width / width;
		let y = devicePixelRatio * box.height / height;
		if (objectFit === "cover") x = y = Math.max(x, y);
		else if (objectFit !== "fill") x = y = Math.min(x, y);
		if (x === 0 || objectFit === "none" || imageRendering !== "auto") x = y = 1;
		return [width, height].map((side, i) => Math.max(1, Math.round(side * Math.min(1, [x, y][i]))));
	}
}
