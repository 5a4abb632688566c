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
}

/** Decode a whole file. Throws KmqError. */
export function decode(bytes: ArrayBuffer | ArrayBufferView, options?: DecodeOptions): KmqImage;

/** The colours of all pixels: R, G, B and straight alpha, as ImageData has them. */
export function toRGBA(image: Pick<KmqImage, "indices" | "palette">): Uint8ClampedArray;
