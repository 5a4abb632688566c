/** Pictures for elements: fetched and decoded once, for however many elements. MIT licence. */

import { decodeInWorker } from "./kmq-worker.js";

const loads = new Map(); // by key: { promise, abort, users } while it lasts
const pictures = new Map(); // by key: weak references to pictures, which live as long as an element has them
const collected = new FinalizationRegistry(({ key, reference, url }) => {
	URL.revokeObjectURL(url);
	if (pictures.get(key) === reference) pictures.delete(key);
});

async function load(address, credentials, signal) {
	const response = await fetch(address, { signal, credentials });
	if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
	return decodeInWorker(await response.arrayBuffer(), { png: true, signal });
}

/** { width, height, url } of a still image; { width, height, animation: what `frames` takes }. */
function keep(key, image) {
	const { width, height, png } = image;
	const url = png && URL.createObjectURL(png);
	const picture = { width, height, url, animation: png ? null : image };
	const reference = new WeakRef(picture);
	pictures.set(key, reference);
	collected.register(picture, { key, reference, url });
	return picture;
}

function share(key, address, credentials) {
	const abort = new AbortController();
	const shared = { abort, users: 0 };
	shared.promise = load(address, credentials, abort.signal).then((image) => keep(key, image));
	const done = () => loads.get(key) === shared && loads.delete(key);
	shared.promise.then(done, done);
	loads.set(key, shared);
	return shared;
}

/** The promise of a picture. The load ends when all who asked for it have aborted. */
export function pictureOf(address, credentials, signal) {
	const key = `${credentials} ${address}`;
	const picture = pictures.get(key)?.deref();
	if (picture) return Promise.resolve(picture);
	const shared = loads.get(key) ?? share(key, address, credentials);
	shared.users++;
	return new Promise((resolve, reject) => {
		signal.addEventListener("abort", () => {
			shared.users--;
			if (shared.users === 0) {
				if (loads.get(key) === shared) loads.delete(key);
				shared.abort.abort(signal.reason);
			}
			reject(signal.reason);
		}, { once: true });
		shared.promise.then(resolve, reject);
	});
}
