/** Hands the text of an example to the page of a new flow: `/flows/new?template=example`. `NAMESPACE` stands for where it is to be. */

const KEY = "onbeat:example";

/** Keep it for the page that is opened next, in this tab. */
export function giveExample(text: string): void {
  sessionStorage.setItem(KEY, text);
}

/** The text that was handed over last; null: none. It stays, so that the page can be loaded anew. */
export function givenExample(): string | null {
  return sessionStorage.getItem(KEY);
}
