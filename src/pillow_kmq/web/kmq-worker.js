/**
 * Decoding in workers, which load this module too. MIT licence.
 */

import { decode, KmqError } from "./kmq.js";

const inBrowser = "document" in globalThis || "WorkerGlobalScope" in globalThis;
const workers = []; // { worker, jobs: who waits, by number }
let noWorkers = !inBrowser || !("Worker" in globalThis);
let jobNumber = 0;

function startWorker() {
	const worker = new Worker(new URL("./kmq-worker.js", import.meta.url), { type: "module", name: "kmq-worker" });
	const jobs = new Map();
	worker.onmessage = ({ data: { number, image, error } }) => {
		const { resolve, reject } = jobs.get(number);
		jobs.delete(number);
		if (image) resolve(image);
		else reject(error.kind ? new KmqError(error.kind, error.message) : new Error(error.message));
	};
	worker.onerror = (event) => { // it could not be loaded: everything is decoded here
		event.preventDefault();
		noWorkers = true;
		worker.terminate();
		for (const job of jobs.values()) job.here();
		jobs.clear();
	};
	workers.push({ worker, jobs });
	return workers.at(-1);
}

/** Like `decode`, in a worker where there are any: the promise of an image. `bytes` stay as they are. */
export function decodeInWorker(bytes, options = {}) {
	return new Promise((resolve, reject) => {
		const here = () => {
			try {
				resolve(decode(bytes, options));
			} catch (error) {
				reject(error);
			}
		};
		try {
			if (noWorkers) return here();
			let chosen = workers.reduce((a, b) => a && a.jobs.size <= b.jobs.size ? a : b, undefined);
			const most = Math.min(4, navigator.hardwareConcurrency || 1);
			if (!chosen || chosen.jobs.size > 0 && workers.length < most) chosen = startWorker();
			const view = ArrayBuffer.isView(bytes);
			const copy = new Uint8Array(view ? bytes.buffer : bytes, view ? bytes.byteOffset : 0, bytes.byteLength).slice();
			const number = jobNumber++;
			chosen.worker.postMessage({ number, copy, options }, [copy.buffer]);
			chosen.jobs.set(number, { resolve, reject, here });
		} catch {
			here();
		}
	});
}

if (inBrowser && globalThis.name === "kmq-worker" && !("document" in globalThis)) {
	globalThis.onmessage = ({ data: { number, copy, options } }) => {
		try {
			const image = decode(copy, options);
			const parts = [image, ...image.animation?.films ?? []];
			postMessage({ number, image }, parts.flatMap((part) => part.indices?.buffer ?? []));
		} catch ({ kind, message }) {
			postMessage({ number, error: { kind, message } });
		}
	};
}
