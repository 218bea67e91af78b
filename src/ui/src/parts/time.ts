/** Times and durations in words. Instants come as ISO 8601; durations as ISO 8601 or milliseconds. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `PT1H2M3.5S`, `P1DT2H` in milliseconds; NaN for anything else. */
export function parseDuration(text: string): number {
  const found = /^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!found) return Number.NaN;
  const [, minus, days, hours, minutes, seconds] = found;
  const sum = Number(days ?? 0) * DAY + Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE + Number(seconds ?? 0) * SECOND;
  return minus ? -sum : sum;
}

/** 850 µs, 7 ms, 1.24 s, 2 m 05 s, 3 h 12 m, 4 d 02 h: never more than two units. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms < 1) return ms === 0 ? "0 ms" : `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / SECOND).toFixed(ms < 9995 ? 2 : 1)} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m ${two(Math.floor((ms % MINUTE) / SECOND))} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${two(Math.floor((ms % HOUR) / MINUTE))} m`;
  return `${Math.floor(ms / DAY)} d ${two(Math.floor((ms % DAY) / HOUR))} h`;
}

/** How long something runs already: 0 s, 7 s, then as a duration. It moves once a second, so it says no more. */
export function elapsedText(ms: number): string {
  return ms < MINUTE ? `${Math.max(0, Math.floor(ms / SECOND))} s` : durationText(Math.floor(ms / SECOND) * SECOND);
}

/** just now, 12 s ago, 5 m ago, 3 h ago, yesterday, 4 d ago, then the date; and `in 5 m` for what comes. */
export function relativeText(at: number, now: number): string {
  const past = now - at;
  const size = Math.abs(past);
  const said = (text: string) => (past >= 0 ? `${text} ago` : `in ${text}`);
  if (size < 2 * SECOND) return past >= 0 ? "just now" : "now";
  if (size < MINUTE) return said(`${Math.floor(size / SECOND)} s`);
  if (size < HOUR) return said(`${Math.floor(size / MINUTE)} m`);
  if (size < DAY) return said(`${Math.floor(size / HOUR)} h`);
  if (size < 14 * DAY) return said(`${Math.floor(size / DAY)} d`);
  return new Date(at).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** In the user's own time zone, to the millisecond, with the zone's name. */
export function exactText(at: number): string {
  const text = new Date(at).toLocaleString(undefined, {
    year: "numeric",
    month: "short",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZoneName: "short",
  });
  return text;
}

/** 21:43:04.392 in the user's time zone. */
export function clockText(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
