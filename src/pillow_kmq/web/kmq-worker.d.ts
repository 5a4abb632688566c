import type { DecodeOptions, KmqImage } from "./kmq.js";

/**
 * Like `decode`, in a worker where there are any. `bytes` stay as they are. The promise is rejected with what `decode`
 * throws.
 */
export function decodeInWorker(bytes: ArrayBuffer | ArrayBufferView, options?: DecodeOptions): Promise<KmqImage>;
