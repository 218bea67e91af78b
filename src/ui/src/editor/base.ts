/** What all our editors and views of code have. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  selectedCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";

import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { expressions } from "@/editor/expressions";
import { look } from "@/editor/look";
import { yaml } from "@/editor/yaml";

export type Language = "yaml" | "json" | "text";

/** The language's colours and folding. */
export function languageOf(language: Language): Extension {
  if (language === "yaml") return [yaml(), expressions];
  return language === "json" ? json() : [];
}

/** Reached by the keyboard, also where it cannot be edited. */
const reachable = EditorView.contentAttributes.of({ tabindex: "0" });

/** Text that is only read. */
export function reading(language: Language): Extension {
  return [
    look,
    lineNumbers(),
    foldGutter(),
    highlightSpecialChars(),
    drawSelection(),
    search({ top: true }),
    keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
    EditorState.readOnly.of(true),
    reachable,
    languageOf(language),
  ];
}

/** Enter after a word that is written out already ends the line instead of taking the same word again. */
const written = Prec.highest(
  keymap.of([
    {
      key: "Enter",
      run: (view) => {
        const word = selectedCompletion(view.state);
        const { head } = view.state.selection.main;
        if (word && word.apply === undefined && view.state.sliceDoc(head - word.label.length, head) === word.label) closeCompletion(view);
        return false;
      },
    },
  ]),
);

/** Text that is written. Escape and then Tab leaves the editor by the keyboard. small: a field of a form, without line numbers.
 * Caret and selection are the browser's own: drawing them would measure the page at each key. */
export function writing(language: Language, small = false): Extension {
  return [
    look,
    small
      ? []
      : [
          lineNumbers(),
          foldGutter(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          search({ top: true }),
          highlightSelectionMatches(),
        ],
    highlightSpecialChars(),
    history(),
    indentOnInput(),
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false, maxRenderedOptions: 80 }),
    written,
    reachable,
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...(small ? [] : searchKeymap),
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      ...(small ? [] : [{ key: "Tab", run: indentMore, shift: indentLess }]),
      ...defaultKeymap,
    ]),
    languageOf(language),
  ];
}

/** Lines are broken instead of scrolled sideways. */
export const wrapped: Extension = EditorView.lineWrapping;
