/** Say at a word what it is: a property with its kind and default, or what a type does. */
import { hoverTooltip } from "@codemirror/view";
import { linesIn } from "@/editor/completion";
import { flowSchemas } from "@/editor/knowledge";
import { elementsOf, placeAt } from "@/editor/path";

interface Told {
  title: string;
  kind: string;
  text: string;
}

function shown({ title, kind, text }: Told): HTMLElement {
  const box = document.createElement("div");
  box.className = "cm-docs";
  const line = (className: string, content: string) => {
    const made = document.createElement("div");
    made.className = className;
    made.textContent = content;
    box.append(made);
  };
  line("cm-docs-title", title);
  if (kind) line("cm-docs-kind", kind);
  if (text) line("cm-docs-text", text);
  return box;
}

/** Docs of what the pointer is over. */
export const docs = hoverTooltip(
  async (view, pos) => {
    const line = view.state.doc.lineAt(pos);
    const key = elementsOf(line.text).at(-1);
    if (key?.name == null) return null;
    const start = line.from + key.column;
    const onKey = pos >= start && pos <= start + key.name.length;
    const lines = linesIn(view.state.doc);
    const place = placeAt(lines, line.number - 1, line.length);
    if (place.at === "text") return null;
    const schemas = await flowSchemas();
    const above = true;
    if (!onKey && key.name === "type") {
      const type = line.text
        .slice(place.from)
        .replace(/\s+#.*$/, "")
        .replace(/["']/g, "")
        .trim();
      const about = schemas.about(type);
      return (
        about && {
          pos: line.from + place.from,
          end: line.to,
          above,
          create: () => ({ dom: shown({ title: type, kind: about.kind, text: about.description }) }),
        }
      );
    }
    if (!onKey) return null;
    const holder = place.path.slice(0, -1);
    const property = schemas.properties(holder, place.types).find((each) => each.name === key.name);
    if (!property) return null;
    const fallback =
      property.default === undefined || property.default === null || property.default === ""
        ? ""
        : ` · default ${JSON.stringify(property.default)}`;
    const kind = `${property.kind}${property.required ? " · needed" : ""}${fallback}`;
    return {
      pos: start,
      end: start + key.name.length,
      above,
      create: () => ({ dom: shown({ title: property.name, kind, text: property.description }) }),
    };
  },
  { hoverTime: 350 },
);
