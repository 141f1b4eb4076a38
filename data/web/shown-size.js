/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** A window that is dragged larger changes its tiles sixty times a second. */
const SETTLED_AFTER_MS = 300;
/** Sizes that differ by less are the same: the layers of one picture are rounded to whole pixels. */
const TOLERANCE = 0.05;

/** Tells in how many pixels of the screen a picture is shown, at first and whenever that has changed for good. */
export class ShownSize {
  #box;
  #video;
  #onChange;
  #observer = new ResizeObserver(() => this.#later());
  #timer = 0;
  #told = null;

  /**
   * @param {Element} box - filled by the picture
   * @param {HTMLVideoElement} video - shows it; its object-fit counts
   * @param {function({width: number, height: number})} onChange
   */
  constructor(box, video, onChange) {
    this.#box = box;
    this.#video = video;
    this.#onChange = onChange;
    this.#observer.observe(box);
    video.addEventListener('resize', this.#later);
  }

  /** Tells it once more, to somebody new. */
  repeat() {
    this.#told = null;
    this.#tell();
  }

  close() {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.#video.removeEventListener('resize', this.#later);
  }

  #later = () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), this.#told ? SETTLED_AFTER_MS : 0);
  };

  #tell() {
    const size = this.#measure();
    if (size && !(this.#told && isNear(size.width, this.#told.width) && isNear(size.height, this.#told.height))) {
      this.#told = size;
      this.#onChange(size);
    }
  }

  /** Of the whole picture, be it cut by the box or not; null while nothing is shown. */
  #measure() {
    const width = this.#box.clientWidth * devicePixelRatio;
    const height = this.#box.clientHeight * devicePixelRatio;
    const { videoWidth, videoHeight } = this.#video;
    if (!width || !height) {
      return null;
    }
    if (!videoWidth || !videoHeight) {
      return { width: Math.ceil(width), height: Math.ceil(height) };
    }
    const isCut = getComputedStyle(this.#video).objectFit === 'cover';
    const scale = Math[isCut ? 'max' : 'min'](width / videoWidth, height / videoHeight);
    return { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) };
  }
}

function isNear(a, b) {
  return Math.abs(a - b) <= TOLERANCE * b;
}
