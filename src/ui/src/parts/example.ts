/** Hands the text of an example to the page of a new flow: `/flows/new?template=example`. */

const KEY = "onbeat:example";

/** Keep it for the page that is opened next. */
export function giveExample(text: string): void {
  sessionStorage.setItem(KEY, text);
}

/** The text that was handed over, once; null: none. */
export function takeExample(): string | null {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return text;
}
