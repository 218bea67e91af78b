/** What an expression in a text can name, read off its lines: it must work while the text is broken. Pure. */
import { elementsOf, type Lines, siblingsAt } from "@/editor/path";

export interface Names {
  inputs: string[];
  variables: string[];
  tasks: { id: string; type: string }[];
  triggers: { id: string; type: string }[];
}

/** All ids in a text. */
export function namesIn(lines: Lines): Names {
  const found: Names = { inputs: [], variables: [], tasks: [], triggers: [] };
  let section = "";
  let depth = -1;
  for (let row = 0; row < lines.count; row += 1) {
    const line = lines.line(row);
    const elements = elementsOf(line, row);
    const key = elements.at(-1);
    if (key?.name == null) continue;
    if (key.column === 0) {
      section = key.name;
      depth = -1;
      continue;
    }
    if (section === "variables") {
      if (depth < 0) depth = key.column;
      if (key.column === depth && elements.length === 1) found.variables.push(key.name);
      continue;
    }
    if (key.name !== "id") continue;
    const around = siblingsAt(lines, row, key.column, elements.length > 1);
    const id = around.get("id") ?? "";
    const type = around.get("type") ?? "";
    if (!id) continue;
    if (section === "inputs") {
      if (depth < 0) depth = key.column;
      if (key.column === depth) found.inputs.push(id);
    } else if (section === "triggers") found.triggers.push({ id, type });
    else if (type.includes(".")) found.tasks.push({ id, type });
  }
  return found;
}

/** The expression that is being written before a column of a line, or of the lines above it; null where there is none. */
export function openExpression(before: string): string | null {
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (open < 0) return null;
  const inside = before.slice(open + 2);
  return inside.includes("}}") || inside.includes("%}") ? null : inside;
}
