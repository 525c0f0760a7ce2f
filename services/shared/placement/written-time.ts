import { civilDate, DAY_MS } from '../base/civil-date.ts';

/** From the day of the week of 1 January 1970 on. */
const WEEKDAYS = ['Thursday', 'Friday', 'Saturday', 'Sunday', 'Monday', 'Tuesday', 'Wednesday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** A time as the service's messages write it: `Friday, October 9, 2026 at 1:21:34 AM Coordinated Universal Time`. */
export function writtenTime(ms: number): string {
  const { date, weekday, hours, minutes, seconds } = partsOf(ms);
  const { year, month, day } = date;
  const clock = [hours % 12 === 0 ? 12 : hours % 12, digits(minutes), digits(seconds)].join(':');
  const half = hours < 12 ? 'AM' : 'PM';
  return `${weekday}, ${MONTHS[month - 1]} ${day}, ${year} at ${clock} ${half} Coordinated Universal Time`;
}

/** As other messages do: `Sat Feb 23 03:07:45 UTC 2019`. */
export function shortWrittenTime(ms: number): string {
  const { date, weekday, hours, minutes, seconds } = partsOf(ms);
  const { year, month, day } = date;
  return `${weekday.slice(0, 3)} ${MONTHS[month - 1]?.slice(0, 3)} ${digits(day)} ${digits(hours)}:${digits(minutes)}:${digits(seconds)} UTC ${year}`;
}

/** And as ISO 8601 has it: `2026-10-09T05:53:25.330Z`. */
export function isoTime(ms: number): string {
  const { date, hours, minutes, seconds, milliseconds } = partsOf(ms);
  const { year, month, day } = date;
  return `${digits(year, 4)}-${digits(month)}-${digits(day)}T${digits(hours)}:${digits(minutes)}:${digits(seconds)}.${digits(milliseconds, 3)}Z`;
}

interface TimeParts {
  readonly date: ReturnType<typeof civilDate>;
  readonly weekday: string;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

function partsOf(ms: number): TimeParts {
  const days = Math.floor(ms / DAY_MS);
  const ofDay = Math.floor(ms - days * DAY_MS);
  const seconds = Math.floor(ofDay / 1000);
  return {
    date: civilDate(days),
    weekday: WEEKDAYS[days % 7] as string,
    hours: Math.floor(seconds / 3600),
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
    milliseconds: ofDay % 1000,
  };
}

function digits(value: number, count = 2): string {
  return String(value).padStart(count, '0');
}
