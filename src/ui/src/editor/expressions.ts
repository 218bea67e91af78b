/** Show `{{ … }}` and `{% … %}` as expressions inside of YAML: only what is in sight is looked at. */
import { type Extension, RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

const EXPRESSION = /\{\{[\s\S]{0,4000}?\}\}|\{%[\s\S]{0,4000}?%\}|\{#[\s\S]{0,4000}?#\}/g;
const NAME =
  /\b(?:inputs|outputs|trigger|vars|execution|taskrun|labels|flow|task|error|parent|parents|envs|globals)\b(?=\s*[.[])|(?<=\|\s*)\w+|\b[a-zA-Z]\w*(?=\()/g;
const whole = Decoration.mark({ class: "cm-expression" });
const mark = Decoration.mark({ class: "cm-expression-mark" });
const named = Decoration.mark({ class: "cm-expression-name" });

function decorate(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    const text = view.state.sliceDoc(from, to);
    for (const found of text.matchAll(EXPRESSION)) {
      const start = from + found.index;
      const end = start + found[0].length;
      builder.add(start, end, whole);
      builder.add(start, start + 2, mark);
      for (const name of found[0].matchAll(NAME)) builder.add(start + name.index, start + name.index + name[0].length, named);
      builder.add(end - 2, end, mark);
    }
  }
  return builder.finish();
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
