/**
 * A file's own bytes on their way to the server, read piece by piece, at the pace it takes them.
 * It has the outline of `Outbox`, but a file starts again from its first byte after a loss: the
 * server cannot enter a compressed stream in the middle.
 */

/** Read ahead this much: disks are slow to start. */
const PIECE_BYTES = 1 << 18;

export class FileOutbox {
  /**
   * @param {Blob} file
   * @param {{ready: () => void, broken: () => void}} listener  When a piece is there; when the
   *   file can be read no longer (it was moved, or changed).
   */
  constructor(file, { ready, broken }) {
    this.file = file;
    this.listener = { ready, broken };
    /** Bytes the socket may hold before it counts as slow. */
    this.highWater = PIECE_BYTES;
    this.resumable = false;
    this.lost = 0;
    this.end = 0;
    this.cursor = 0;
    this.at = 0;
    /** @type {{at: number, bytes: ArrayBuffer} | null} */
    this.piece = null;
    this.reading = -1;
    this.read();
  }

  /** Bytes not sent yet. */
  get waiting() {
    return this.file.size - this.at;
  }

  /** @returns {ArrayBuffer | null} Null while the disk is read. */
  take() {
    const { piece } = this;
    if (piece?.at !== this.at) {
      this.read();
      return null;
    }
    this.at += piece.bytes.byteLength;
    this.read();
    return piece.bytes;
  }

  rewind() {
    this.at = 0;
    this.read();
  }

  /** A file is all there. */
  skipLost() {}

  discard() {
    this.at = this.file.size;
  }

  /** Nothing is recorded while a file is sent. */
  push() {}

  async read() {
    const { at } = this;
    if (this.waiting === 0 || this.reading === at) return;
    this.reading = at;
    try {
      const bytes = await this.file.slice(at, at + PIECE_BYTES).arrayBuffer();
      this.piece = { at, bytes };
    } catch {
      this.listener.broken();
      return;
    }
    if (this.at === at) this.listener.ready();
  }
}
