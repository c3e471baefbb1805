/**
 * Format times in the viewer's time zone, as Slack's date tokens do.
 * https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 */

import { el } from "./dom.js";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const AGES = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const FARTHEST = 8.64e12;

const FORMS = {
  date_num: (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
  date_slash: (date) => `${two(date.getDate())}/${two(date.getMonth() + 1)}/${date.getFullYear()}`,
  date: (date) => `${MONTHS[date.getMonth()]} ${ordinal(date.getDate())}, ${date.getFullYear()}`,
  date_short: (date) => `${MONTHS[date.getMonth()].slice(0, 3)} ${date.getDate()}, ${date.getFullYear()}`,
  date_long: (date) => `${DAYS[date.getDay()]}, ${FORMS.date(date)}`,
  date_long_full: (date) => `${MONTHS[date.getMonth()]} ${date.getDate()}, ${date.getFullYear()}`,
  date_pretty: (date) => nearDay(date) ?? FORMS.date(date),
  date_short_pretty: (date) => nearDay(date) ?? FORMS.date_short(date),
  date_long_pretty: (date) => nearDay(date) ?? FORMS.date_long(date),
  day_divider_pretty: (date) => nearDay(date) ?? dividerDay(date),
  time: (date) => `${two(date.getHours())}:${two(date.getMinutes())}`,
  time_secs: (date) => `${FORMS.time(date)}:${two(date.getSeconds())}`,
  ago: (date) => age(date),
};

/**
 * Format Slack's date text: `{date_short_pretty} {time}` → Today 14:03. An unknown token stays as it is.
 * @param {number} epoch seconds
 * @param {string} form
 * @returns {string|null} null if there is no such time
 */
export function formatDate(epoch, form) {
  if (!Number.isFinite(epoch) || Math.abs(epoch) > FARTHEST) return null;
  const date = new Date(epoch * 1000);
  const shown = form.replace(/\{(\w+)\}/g, (token, name, at) => {
    const words = FORMS[name]?.(date) ?? token;
    return at === 0 ? words : words.replace(/^(Today|Yesterday|Tomorrow)$/, (word) => word.toLowerCase());
  });
  return shown;
}

/** Create a `<time>` that shows a format, and the full time when a person points at it. */
export function timeElement(epoch, form) {
  const date = new Date(epoch * 1000);
  const whole = `${FORMS.date_long(date)} at ${FORMS.time_secs(date)}`;
  return el("time", { datetime: date.toISOString(), title: whole }, formatDate(epoch, form));
}

/** Return a key for the day of a time. */
export function dayOf(epoch) {
  return FORMS.date_num(new Date(epoch * 1000));
}

function nearDay(date) {
  const today = new Date();
  const near = [
    ["Yesterday", -1],
    ["Today", 0],
    ["Tomorrow", 1],
  ];
  const found = near.find(([, days]) => {
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() + days);
    return FORMS.date_num(day) === FORMS.date_num(date);
  });
  return found?.[0];
}

function dividerDay(date) {
  const long = FORMS.date_long(date);
  return date.getFullYear() === new Date().getFullYear() ? long.replace(/, \d+$/, "") : long;
}

function age(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, size] = AGES.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

function ordinal(day) {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[day % 10];
  return `${day}${Math.floor(day / 10) === 1 ? "th" : (ending ?? "th")}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}
