import { civilDate, DAY_MS } from '../base/civil-date.ts';

/** From the day of the week of 1 January 1970 on. */
const WEEKDAYS = ['Thursday', 'Friday', 'Saturday', 'Sunday', 'Monday', 'Tuesday', 'Wednesday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** A time as the service's messages write it: `Friday, October 9, 2026 at 1:21:34 AM Coordinated Universal Time`. */
export function writtenTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const seconds = Math.floor((ms - days * DAY_MS) / 1000);
  const { year, month, day } = civilDate(days);
  const hours = Math.floor(seconds / 3600);
  const clock = [hours % 12 === 0 ? 12 : hours % 12, twoDigits(Math.floor(seconds / 60) % 60), twoDigits(seconds % 60)].join(':');
  const half = hours < 12 ? 'AM' : 'PM';
  return `${WEEKDAYS[days % 7]}, ${MONTHS[month - 1]} ${day}, ${year} at ${clock} ${half} Coordinated Universal Time`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
