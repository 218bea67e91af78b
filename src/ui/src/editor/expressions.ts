/** Show `{{ … }}` and `{% … %}` as expressions inside of YAML, and numbers and words for values as such: only what is in sight is looked at. */
import type { Extension, Range } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

const EXPRESSION = /\{\{[\s\S]{0,4000}?\}\}|\{%[\s\S]{0,4000}?%\}|\{#[\s\S]{0,4000}?#\}/g;
const NAME =
  /(?<![\w.])(?:inputs|outputs|trigger|vars|execution|taskrun|labels|flow|task|error|parent|parents|envs|globals|compensated)\b(?=\s*[.[])|(?<=\|\s*)\w+|\b[a-zA-Z]\w*(?=\()/g;
const PLAIN = /(?<=[:,-] +|\[ *)(?:true|false|null|~|-?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)(?= *(?:[,\]}]|#|$))/gm;
const whole = Decoration.mark({ class: "cm-expression" });
const mark = Decoration.mark({ class: "cm-expression-mark" });
const plain = Decoration.mark({ class: "cm-plain-value" });
const named = Decoration.mark({ class: "cm-expression-name" });

function decorate(view: EditorView): DecorationSet {
  const found: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    const text = view.state.sliceDoc(from, to);
    for (const value of text.matchAll(PLAIN)) found.push(plain.range(from + value.index, from + value.index + value[0].length));
    for (const each of text.matchAll(EXPRESSION)) {
      const start = from + each.index;
      const end = start + each[0].length;
      found.push(whole.range(start, end), mark.range(start, start + 2), mark.range(end - 2, end));
      for (const name of each[0].matchAll(NAME)) found.push(named.range(start + name.index, start + name.index + name[0].length));
    }
  }
  return Decoration.set(found, true);
}

/** Expressions in their own colour. */
export const expressions: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }
    update(update: ViewUpdate) {
      if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
