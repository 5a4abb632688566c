/** The script of a worker of kmq-worker.js: decodes each file that it is sent. MIT licence. */

import { decodeAs } from "./kmq-png.js";

globalThis.onmessage = ({ data: { bytes, options } }) => {
	try {
		const image = decodeAs(bytes, options);
		const parts = [image, ...image.animation?.films ?? []];
		postMessage({ image }, parts.flatMap((part) => part.indices?.buffer ?? []));
	} catch ({ kind, message }) {
		postMessage({ error: { kind, message } });
	}
};
