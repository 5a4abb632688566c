/** Decoding in workers: one file at a time in each, the others in a queue. MIT licence. */

import { decodeAs } from "./kmq-png.js";
import { KmqError } from "./kmq.js";

const SCRIPT = "./kmq-worker-script.js";
const inBrowser = "document" in globalThis || "WorkerGlobalScope" in globalThis;
const canHaveWorkers = inBrowser && "Worker" in globalThis;
const queue = []; // jobs: { bytes, options, resolve, reject }
const busy = new Map(); // workers with their jobs
const idle = []; // workers
const blobs = new Map(); // URLs of scripts of other origins: those of blobs that import them
let ownUrl = null;
let onPage = !canHaveWorkers; // whether to decode in this thread
let jobOnPage = null;

/** State where kmq-worker-script.js is, for bundles that do not find it. */
export function setWorkerUrl(url) {
	ownUrl = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
	onPage = !canHaveWorkers;
}

/** A worker has to be of the page's origin, but may import from others. */
function sameOrigin(url) {
	if (new URL(url).origin === globalThis.location.origin) return url;
	const text = `import ${JSON.stringify(url)};`;
	if (!blobs.has(url)) blobs.set(url, URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
	return blobs.get(url);
}

function makeWorker() {
	const url = ownUrl ?? new URL(SCRIPT, import.meta.url).href;
	const allowed = sameOrigin(url);
	if (ownUrl || allowed !== url) return new Worker(allowed, { type: "module", name: "kmq" });
	// Bundlers look for exactly this expression.
	return new Worker(new URL("./kmq-worker-script.js", import.meta.url), { type: "module", name: "kmq" });
}

function startWorker() {
	const worker = makeWorker();
	worker.onmessage = ({ data: { image, error } }) => {
		const job = busy.get(worker);
		busy.delete(worker);
		idle.push(worker);
		if (image) job.resolve(image);
		else job.reject(error.kind ? new KmqError(error.kind, error.message) : new Error(error.message));
		startJobs();
	};
	worker.onerror = (event) => {
		event.preventDefault();
		dropWorkers("its script could not be loaded");
	};
	return worker;
}

/** Decode in this thread from now on. */
function dropWorkers(reason) {
	console.warn(`kmq: images are decoded without a worker, and the page waits (${reason}); see setWorkerUrl`);
	onPage = true;
	for (const worker of [...busy.keys(), ...idle]) worker.terminate();
	queue.unshift(...busy.values());
	busy.clear();
	idle.length = 0;
	startJobs();
}

function startJobs() {
	const most = Math.min(4, globalThis.navigator?.hardwareConcurrency || 1);
	while (!onPage && queue.length > 0 && busy.size < most) {
		try {
			const worker = idle.pop() ?? startWorker();
			const job = queue.shift();
			busy.set(worker, job);
			worker.postMessage({ bytes: job.bytes, options: job.options });
		} catch (error) {
			dropWorkers(error.message);
		}
	}
	if (!onPage || jobOnPage || queue.length === 0) return;
	jobOnPage = queue.shift();
	setTimeout(() => { // so that there is time to draw and to cancel between jobs
		runOnPage(jobOnPage);
		jobOnPage = null;
		startJobs();
	});
}

function runOnPage(job) {
	if (job.canceled) return;
	try {
		job.resolve(decodeAs(job.bytes, job.options));
	} catch (error) {
		job.reject(error);
	}
}

/** Forget a job that waits; end the worker of one that runs. */
function cancel(job) {
	job.canceled = true;
	if (queue.includes(job)) queue.splice(queue.indexOf(job), 1);
	for (const [worker, its] of busy) {
		if (its !== job) continue;
		worker.terminate();
		busy.delete(worker);
	}
	queueMicrotask(startJobs); // after others that are canceled at the same time
}

/** Like `decode`, in a worker where there are any: the promise of an image. `bytes` stay as they are. */
export function decodeInWorker(bytes, { signal, ...options } = {}) {
	return new Promise((resolve, reject) => {
		if (signal?.aborted) return reject(signal.reason);
		const view = ArrayBuffer.isView(bytes);
		const copy = new Uint8Array(view ? bytes.buffer : bytes, view ? bytes.byteOffset : 0, bytes.byteLength).slice();
		const abort = () => {
			cancel(job);
			reject(signal.reason);
		};
		const settle = (how) => (value) => {
			signal?.removeEventListener("abort", abort);
			how(value);
		};
		const job = { bytes: copy, options, resolve: settle(resolve), reject: settle(reject) };
		signal?.addEventListener("abort", abort, { once: true });
		queue.push(job);
		startJobs();
	});
}
