/** Seconds as people and file formats write them. */

/**
 * 3:07, or 1:02:03 from an hour on.
 *
 * @param {number} seconds
 */
export function clockText(seconds) {
  const { hours, minutes, whole } = split(seconds);
  const tail = `${pad(whole)}`;
  return hours > 0 ? `${hours}:${pad(minutes)}:${tail}` : `${minutes}:${tail}`;
}

/**
 * 01:02:03.450 with the mark the format wants between seconds and milliseconds.
 *
 * @param {number} seconds
 * @param {"," | "."} mark
 */
export function stampText(seconds, mark) {
  const rounded = Math.round(Math.max(0, seconds) * 1000);
  const { hours, minutes, whole } = split(rounded / 1000);
  return `${pad(hours)}:${pad(minutes)}:${pad(whole)}${mark}${pad(rounded % 1000, 3)}`;
}

/** @param {number} seconds */
function split(seconds) {
  const total = Math.floor(Math.max(0, seconds) + 1e-9);
  return {
    hours: Math.floor(total / 3600),
    minutes: Math.floor(total / 60) % 60,
    whole: total % 60,
  };
}

/** @param {number} value */
function pad(value, width = 2) {
  return String(value).padStart(width, "0");
}

/**
 * @param {Date} date
 * @returns {string} The reader's own day and time, as a file's name may have it.
 */
export function dayStamp(date) {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join("-");
  return `${day} ${pad(date.getHours())}.${pad(date.getMinutes())}`;
}
