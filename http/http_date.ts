/** Dates as HTTP writes them (RFC 9110 section 5.6.7). @module */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC_850 =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** Milliseconds since 1970 of an HTTP date in any of its three forms; undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  let match = IMF_FIXDATE.exec(text);
  if (match !== null) return moment(Number(match[3]), match[2]!, match[1]!, match.slice(4));
  match = RFC_850.exec(text);
  if (match !== null) {
    // A year that seems more than 50 years ahead is one of the last century.
    const now = new Date().getUTCFullYear();
    let year = now - now % 100 + Number(match[3]);
    if (year > now + 50) year -= 100;
    return moment(year, match[2]!, match[1]!, match.slice(4));
  }
  match = ASCTIME.exec(text);
  if (match === null) return undefined;
  return moment(Number(match[6]), match[1]!, match[2]!, match.slice(3, 6));
}

function moment(
  year: number,
  monthName: string,
  dayText: string,
  time: readonly string[],
): number | undefined {
  const month = MONTHS.indexOf(monthName);
  const day = Number(dayText);
  const [hour, minute, second] = time.map(Number) as [number, number, number];
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}

/** IMF-fixdate of a time in milliseconds; undefined where that form has no year for it. */
export function formatHttpDate(time: number): string | undefined {
  const date = new Date(time);
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999 ? date.toUTCString() : undefined;
}
