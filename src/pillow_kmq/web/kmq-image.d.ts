/** HTMLElement; something that cannot be made on servers, which have no types of the DOM. */
declare const Base: typeof globalThis extends { HTMLElement: infer Type extends new () => object }
  ? Type
  : abstract new () => object;

/** The element <kmq-image>; importing the module defines it. Its attributes and properties are those of <img>. */
export class KmqImageElement extends Base {
  /** Absolute; setting it starts a load. */
  src: string;
  alt: string;
  loading: "eager" | "lazy";
  crossOrigin: "anonymous" | "use-credentials" | null;
  /** As rendered; of an image that is not rendered, as stored. Setting it sets the attribute. */
  width: number;
  height: number;
  /** 0 while there is no image. */
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  readonly currentSrc: string;
  /** Whether there is nothing to wait for. */
  readonly complete: boolean;
  /** Why the image could not be shown: a KmqError, or what fetch threw. */
  readonly error: Error | null;
  /**
   * Whether nothing moves: a still image, an animation that is over or was paused, a user who prefers no motion. An
   * animation that rests while nobody sees it is not paused.
   */
  readonly paused: boolean;
  /** Go on with an animation; one that is over begins anew. */
  play(): void;
  /** Stop an animation at the frame that it shows. */
  pause(): void;
  /** Fulfilled when the image can be shown, rejected with what went wrong. */
  decode(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    "kmq-image": KmqImageElement;
  }
}

export {};
