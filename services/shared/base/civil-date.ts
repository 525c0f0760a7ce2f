/** Days of the Gregorian calendar, as arithmetic: the calendar object of the language knows the time of day, which comes from `env`. */

export const DAY_MS = 86_400_000;

/** Days of the years before, counted in years that begin in March, so that the leap day is a year's last. */
const DAYS_TO_EPOCH = 719_468;
const DAYS_IN_400_YEARS = 146_097;

/** Days from 1 January 1970 to a day of the Gregorian calendar; months and days count from one. */
export function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const marchMonth = (month + 9) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 1 - DAYS_TO_EPOCH;
}

/** The day that is so many days after 1 January 1970. */
export function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + DAYS_TO_EPOCH;
  const cycle = Math.floor(shifted / DAYS_IN_400_YEARS);
  const ofCycle = shifted - cycle * DAYS_IN_400_YEARS;
  const yearOfCycle = Math.floor(
    (ofCycle - Math.floor(ofCycle / 1460) + Math.floor(ofCycle / 36_524) - Math.floor(ofCycle / 146_096)) / 365,
  );
  const dayOfYear = ofCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day };
}
