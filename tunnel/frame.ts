/** The frames of the tunnel protocol: types, flags, header layout and bounds, as PROTOCOL.md explains them. @module */

/** The version spoken here. */
export const PROTOCOL_VERSION = 1;

/** What an agent sends before its first frame. */
export const PREFACE: Uint8Array = new TextEncoder().encode("CRUNCH\r\n");

/** Type (1), length of the payload (3), stream (4); big-endian. */
export const FRAME_HEADER = 8;

/** On the type byte: the sender has nothing more to say on this stream. */
export const END = 0x80;

export const Frame = {
  HELLO: 0x01,
  CHALLENGE: 0x02,
  PROOF: 0x03,
  WELCOME: 0x04,
  REFUSED: 0x05,
  PING: 0x10,
  PONG: 0x11,
  GOAWAY: 0x12,
  MORE: 0x13,
  HEAD: 0x20,
  DATA: 0x21,
  TRAILERS: 0x22,
  WINDOW: 0x23,
  RESET: 0x24,
  OPEN: 0x25,
} as const;

/** Types from here on are extensions: who does not know one skips it. */
export const FIRST_EXTENSION = 0x60;

export const Extension = {
  /** Of the capability `wait`: whose turn it is to publish a name. */
  TURN: 0x60,
} as const;

/** Why a stream was reset. */
export const Reset = {
  /** Nothing of its own: the answer to a reset. */
  ANSWER: 0,
  /** The rest is not wanted any more. */
  CANCELLED: 1,
  /** What came was no HTTP message, or not the one that had to come. */
  PROTOCOL: 2,
  /** Nothing was done with it: it may be tried elsewhere. */
  REFUSED: 3,
  /** The origin broke off. */
  ORIGIN: 4,
  /** Nothing came in time. */
  TIMEOUT: 5,
} as const;

/** Largest payloads. */
export const MAX_CONTROL = 16 << 10;
export const MAX_HEAD = 128 << 10;
export const MAX_DATA = 256 << 10;
export const MAX_RESET = 1024;
/** Heads of interim answers (1xx) of one stream, together: flow control does not count heads. */
export const MAX_INTERIM = 64 << 10;

/** Bytes that may be on their way on a stream before its receiver said more. */
export const STREAM_WINDOW = 128 << 10;
/** The same for all streams of a session together. */
export const SESSION_WINDOW = 64 << 20;
/** What a single stream's window grows to at the most. */
export const MAX_STREAM_WINDOW = 8 << 20;

/** Streams that a session may have open at a time unless WELCOME says another number. */
export const DEFAULT_STREAMS = 256;
/** No session has more: their first windows together are 1 GiB. */
export const MAX_STREAMS = 8192;
/** Frames that move nothing: so many at once, and so many more each second. */
export const IDLE_FRAMES = 4_096;
export const IDLE_FRAMES_A_SECOND = 256;
/** No window, a stream's or the session's, may become larger. */
export const MAX_WINDOW = 2 ** 31 - 1;

/**
 * An agent sends a PING each `PING_INTERVAL` ms, so that both sides hear from each other; a relay sends them only to
 * know its round trip, for with ten thousand agents they cost. Who answered no PING for `PEER_TIMEOUT` ms, or was
 * not heard of for both times together, is gone.
 */
export const PING_INTERVAL = 4_000;
export const RELAY_PING_INTERVAL = 30_000;
export const PEER_TIMEOUT = 8_000;

/** The bound of a frame's payload; -1 for a type that does not exist. */
export function maxPayload(type: number): number {
  switch (type) {
    case Frame.HELLO:
    case Frame.CHALLENGE:
    case Frame.PROOF:
    case Frame.WELCOME:
    case Frame.REFUSED:
    case Frame.GOAWAY:
    case Frame.MORE:
    case Frame.OPEN:
      return MAX_CONTROL;
    case Frame.PING:
    case Frame.PONG:
      return 8;
    case Frame.WINDOW:
      return 4;
    case Frame.HEAD:
    case Frame.TRAILERS:
      return MAX_HEAD;
    case Frame.DATA:
      return MAX_DATA;
    case Frame.RESET:
      return MAX_RESET;
    default:
      return type >= FIRST_EXTENSION ? MAX_CONTROL : -1;
  }
}

/** Writes a frame's header to `into` at `at`. `type` may carry END. */
export function writeFrameHeader(
  into: Uint8Array,
  at: number,
  type: number,
  length: number,
  stream: number,
): void {
  into[at] = type;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
  into[at + 4] = stream >>> 24;
  into[at + 5] = stream >>> 16;
  into[at + 6] = stream >>> 8;
  into[at + 7] = stream;
}

/** Length field of the header at `at`. */
export function frameLength(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Writes big-endian 32 bits. */
export function writeUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** Big-endian 32 bits at `at`, unsigned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}
