import type { DecodeOptions, KmqImage } from "./kmq.js";

/** AbortSignal, where its type is known. */
type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Type } } ? Type : unknown;

/** Blob, where its type is known. */
type File = typeof globalThis extends { Blob: { prototype: infer Type } } ? Type : unknown;

export interface WorkerDecodeOptions extends DecodeOptions {
  /** Cancels: a job that waits is dropped, the worker of one that runs is ended. Rejects with the signal's reason. */
  signal?: Signal;
}

/** A still image as a PNG file, not compressed; an animation as `decode` returns it. */
export interface KmqPng extends KmqImage {
  png?: File;
}

/**
 * Like `decode`, in a worker where there are any. `bytes` stay as they are. The promise is rejected with what `decode`
 * throws. With `png`, a still image has `png` in place of `indices`.
 */
export function decodeInWorker(
  bytes: ArrayBuffer | ArrayBufferView,
  options: WorkerDecodeOptions & { png: true },
): Promise<KmqPng>;
export function decodeInWorker(
  bytes: ArrayBuffer | ArrayBufferView,
  options?: WorkerDecodeOptions,
): Promise<KmqImage>;

/**
 * State where kmq-worker-script.js is, relative to the page, for bundles that do not find it. It may have another
 * origin if that allows CORS.
 */
export function setWorkerUrl(url: string | { readonly href: string }): void;

export {};
