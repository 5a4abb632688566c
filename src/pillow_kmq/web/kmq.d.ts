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
  /** One index per pixel, row by row; null for an animation. Indices beyond the palette mean opaque black. */
  indices: Uint8Array | null;
  /** R, G, B and straight alpha of each entry: four bytes each, 0 to 256 entries. */
  palette: Uint8Array;
  metadata: KmqMetadata;
  /** null for a still image. */
  animation: KmqAnimation | null;
}

export interface KmqAnimation {
  /** How often all frames are shown; 0 is without end. */
  plays: number;
  /** Milliseconds, of each frame. */
  durations: number[];
  /** What `frames` draws; see docs/FORMAT.md, section 9. */
  films: object[];
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

export interface KmqFrame {
  /** Milliseconds; 0 for a still image. */
  duration: number;
  /** The whole canvas, R, G, B and straight alpha. The next frame is drawn into the same array. */
  pixels: Uint8ClampedArray;
}

/** All frames in turn; of a still image, one. */
export function frames(image: KmqImage): Generator<KmqFrame, void, void>;

/** The colours of all pixels, of an animation's first frame: R, G, B and straight alpha, as ImageData has them. */
export function toRGBA(image: KmqImage): Uint8ClampedArray;

/** The same as what a canvas takes. */
export function toImageData(image: KmqImage): ImageData;
