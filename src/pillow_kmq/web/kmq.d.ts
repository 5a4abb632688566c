/** Why a file was refused; see docs/FORMAT.md, section 1. */
export type KmqErrorKind = "not-kmq" | "truncated" | "corrupt" | "unsupported" | "limit";

export class KmqError extends Error {
  constructor(kind: KmqErrorKind, message: string);
  readonly name: "KmqError";
  readonly kind: KmqErrorKind;
}

export interface DecodeOptions {
  /** Images of more pixels are refused with a KmqError of kind "limit"; 2^26 unless told. */
  maxPixels?: number;
}

export interface KmqImage {
  /** 1..2^24. */
  width: number;
  /** 1..2^24. */
  height: number;
  /** One index per pixel, row by row. Indices beyond the palette mean opaque black. */
  indices: Uint8Array;
  /** R, G, B and straight alpha of each entry: four bytes each, 0 to 256 entries. */
  palette: Uint8Array;
  metadata: KmqMetadata;
}

/** What the file says beside its picture; whatever is missing or broken is left out. See docs/FORMAT.md, section 8. */
export interface KmqMetadata {
  iccProfile?: Uint8Array;
  /** A TIFF file from its byte order mark on. */
  exif?: Uint8Array;
  /** A packet in UTF-8. */
  xmp?: Uint8Array;
  texts?: Map<string, string>;
  /** Pixels per 1000 inches to the right and downwards. */
  resolution?: [number, number];
}

/** Decode a whole file. Throws KmqError. */
export function decode(bytes: ArrayBuffer | ArrayBufferView, options?: DecodeOptions): KmqImage;

/** The colours of all pixels: R, G, B and straight alpha, as ImageData has them. */
export function toRGBA(image: Pick<KmqImage, "indices" | "palette">): Uint8ClampedArray;

/** What a canvas takes. */
export function toImageData(image: Pick<KmqImage, "width" | "height" | "indices" | "palette">): ImageData;

/**
 * Like `decode`, in a worker where there are any. `bytes` stay as they are. The promise is rejected with what `decode`
 * throws.
 */
export function decodeInWorker(bytes: ArrayBuffer | ArrayBufferView, options?: DecodeOptions): Promise<KmqImage>;
