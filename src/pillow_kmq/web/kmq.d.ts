/** Why a file was refused; see docs/FORMAT.md, section 1. */
export type KmqErrorKind = "not-kmq" | "truncated" | "corrupt" | "unsupported" | "limit";

export class KmqError extends Error {
  constructor(kind: KmqErrorKind, message: string);
  readonly name: "KmqError";
  readonly kind: KmqErrorKind;
}

/** Uint8Array<ArrayBuffer> from TypeScript 5.7 on, Uint8Array before. */
type Bytes = ReturnType<typeof Uint8Array.of>;

/** Uint8ClampedArray<ArrayBuffer> from TypeScript 5.7 on, Uint8ClampedArray before. */
type Pixels = ReturnType<typeof Uint8ClampedArray.of>;

/** ImageData; unknown without the types of the DOM. */
type CanvasPixels = typeof globalThis extends { ImageData: { prototype: infer Type } } ? Type : unknown;

export interface DecodeOptions {
  /** Images with more pixels are refused with a KmqError of kind "limit". Default: 2^26. */
  maxPixels?: number;
}

export interface KmqImage {
  /** 1..2^24. */
  width: number;
  /** 1..2^24. */
  height: number;
  /** One index per pixel, row by row; null for an animation. Indices beyond the palette mean opaque black. */
  indices: Bytes | null;
  /** R, G, B and straight alpha of each entry: four bytes each, 0 to 256 entries. */
  palette: Bytes;
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

/** What the file says besides its picture; what is missing or broken is left out. See docs/FORMAT.md, section 8. */
export interface KmqMetadata {
  iccProfile?: Bytes;
  /** A TIFF file from its byte order mark on. */
  exif?: Bytes;
  /** A packet in UTF-8. */
  xmp?: Bytes;
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
  pixels: Pixels;
}

/** All frames in turn; of a still image, one. */
export function frames(image: KmqImage): Generator<KmqFrame, void, void>;

/** The colours of all pixels, of an animation's first frame: R, G, B and straight alpha, as ImageData has them. */
export function toRGBA(image: KmqImage): Pixels;

/** The same as what a canvas takes. */
export function toImageData(image: KmqImage): CanvasPixels;

export {};
