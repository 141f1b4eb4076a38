/* SPDX-License-Identifier: LGPL-2.1-or-later */

const GAP = 12;
/** Width by height. A tall area, as on a phone, gets taller faces: heads keep their shoulders either way. */
const FACE_SHAPE = (isTall) => ({ narrowest: isTall ? 3 / 4 : 4 / 3, widest: 16 / 9 });
/** For pictures that are shown whole, with bars where they don't fill their tile. */
export const ANY_SHAPE = () => ({ narrowest: 0, widest: Infinity });
/** Below this a face is no longer a face: rather scroll. */
const MIN_HEIGHT = 96;

/** The largest tile of a tolerable shape in a cell. */
function fit(cellWidth, cellHeight, { narrowest, widest }) {
  const ratio = cellWidth / cellHeight;
  if (ratio > widest) {
    return { width: cellHeight * widest, height: cellHeight };
  }
  return ratio < narrowest
    ? { width: cellWidth, height: cellWidth / narrowest }
    : { width: cellWidth, height: cellHeight };
}

/**
 * The size that lets `count` equal tiles fill an area best.
 * @returns {{width: number, height: number}} in pixels
 */
function tileSize(count, areaWidth, areaHeight, shape = FACE_SHAPE) {
  const limits = shape(areaHeight > areaWidth);
  let best = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (areaWidth - GAP * (columns - 1)) / columns;
    const cellHeight = (areaHeight - GAP * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) {
      continue;
    }
    const size = fit(cellWidth, cellHeight, limits);
    if (size.width * size.height > best.width * best.height) {
      best = size;
    }
  }
  if (best.height < MIN_HEIGHT) {
    const columns = Math.max(2, Math.floor(areaWidth / 200));
    const width = (areaWidth - GAP * (columns - 1)) / columns;
    best = { width, height: (width * 3) / 4 };
  }
  return { width: Math.floor(best.width), height: Math.floor(best.height) };
}

/** Keeps the tiles of `container` at the size that fits, as it and their number change. Returns what ends that. */
export function keepLaidOut(container, shape) {
  const update = () => {
    const { childElementCount, clientWidth, clientHeight } = container;
    const { width, height } = tileSize(childElementCount, clientWidth, clientHeight, shape);
    container.style.setProperty('--tile-width', `${width}px`);
    container.style.setProperty('--tile-height', `${height}px`);
  };
  const sizes = new ResizeObserver(update);
  const children = new MutationObserver(update);
  sizes.observe(container);
  children.observe(container, { childList: true });
  return () => {
    sizes.disconnect();
    children.disconnect();
  };
}
