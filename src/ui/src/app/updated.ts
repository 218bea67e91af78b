/** Tell that a part of the page is not there any more: the server has been updated since the page was loaded. */

/** As the router knows it: it then loads the page anew, once. */
const MISSING = "Failed to fetch dynamically imported module";
/** The same in other browsers, and of styles, by Vite. */
const SAID = [MISSING, "error loading dynamically imported module", "Importing a module script failed", "Unable to preload CSS"];

export function isMissingPart(wrong: unknown): boolean {
  return wrong instanceof Error && SAID.some((each) => wrong.message.startsWith(each));
}

/** What it loads; a part that is missing is always told in the router's words, and only where the server is there to have lost it. */
export function loading<T>(load: () => Promise<T>, fetcher: typeof fetch = (...given) => fetch(...given)): () => Promise<T> {
  return () =>
    load().catch(async (wrong) => {
      if (!isMissingPart(wrong)) throw wrong;
      await fetcher("/health"); // its TypeError says that the server cannot be reached
      throw new Error(`${MISSING}: ${wrong.message}`, { cause: wrong });
    });
}
