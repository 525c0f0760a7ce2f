import { civilDate, DAY_MS, daysSinceEpoch } from '../../../../shared/base/civil-date.ts';

/** The date form of Signature Version 4, `20130609T100015Z`, to and from milliseconds since 1970 (no calendar object needed). */

const FORM = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Undefined when the text has not the form or names no such moment. */
export function parseAmzDate(text: string): number | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return daysSinceEpoch(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

export function formatAmzDate(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const seconds = Math.floor((ms - days * DAY_MS) / 1000);
  const { year, month, day } = civilDate(days);
  const time = `${pad(Math.floor(seconds / 3600))}${pad(Math.floor(seconds / 60) % 60)}${pad(seconds % 60)}`;
  return `${String(year).padStart(4, '0')}${pad(month)}${pad(day)}T${time}Z`;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
