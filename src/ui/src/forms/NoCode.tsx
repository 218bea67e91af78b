/**
 * A flow's tasks, triggers and inputs as forms, in step with its text both ways: a change of a field changes only its own lines.
 *
 *     <NoCode text={text} onChange={setText} path={["tasks", 0]} onPath={(path, line) => …} />
 */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { flowSchemas } from "@/editor/knowledge";
import type { Segment } from "@/editor/path";
import { duplicateAt, insertAt, moveAt, removeAt } from "@/forms/document";
import { ItemForm } from "@/forms/ItemForm";
import { Lists } from "@/forms/Lists";
import css from "@/forms/NoCode.module.css";
import { type Item, itemsOf, type Kind, type List, newItem, outlineOf } from "@/forms/outline";
import { TypePicker } from "@/forms/TypePicker";
import { freeId, idsIn } from "@/forms/values";
import { notify } from "@/parts/notify";
import { Empty, Failed, Loading } from "@/parts/Shown";

export interface NoCodeProps {
  text: string;
  onChange: (text: string) => void;
  /** The task, trigger or input that is chosen: its path, or one inside of it. */
  path: readonly Segment[];
  /** Another one was chosen; line: where it is in the text, from 1. */
  onPath: (path: readonly Segment[], line: number) => void;
  readOnly?: boolean;
}

/** What can be done with an item of a list. */
export interface Doing {
  open: (item: Item) => void;
  add: (list: Pick<List, "path" | "kind">, index: number) => void;
  move: (item: Item, step: -1 | 1) => void;
  copy: (item: Item) => void;
  remove: (item: Item) => void;
  readOnly: boolean;
}

/** The list that an item is in, and its place there. */
export const placeOf = (item: Item): { list: readonly Segment[]; index: number } => {
  const path = item.path.at(-1) === "task" ? item.path.slice(0, -1) : item.path;
  return { list: path.slice(0, -1), index: path.at(-1) as number };
};

const SETTLE = 250;
const keyOf = (path: readonly Segment[]) => JSON.stringify(path);

export function NoCode({ text, onChange, path, onPath, readOnly = false }: NoCodeProps) {
  const schemas = useQuery({ queryKey: ["editor", "schemas"], queryFn: flowSchemas, staleTime: Number.POSITIVE_INFINITY });
  const own = useRef(text);
  const settled = useSettled(text, own.current);
  const found = useMemo(() => outlineOf(settled), [settled]);
  const [last, setLast] = useState(found);
  if (found && found !== last) setLast(found);
  const outline = found ?? last;
  const [all, setAll] = useState(path.length === 0);
  const [adding, setAdding] = useState<{ path: readonly Segment[]; kind: Kind; index: number } | null>(null);
  const chosen = keyOf(path);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place in the text is chosen, so its form is shown
  useEffect(() => setAll(path.length === 0), [chosen]);

  if (schemas.isError && !schemas.data) return <Failed error={schemas.error} again={() => void schemas.refetch()} />;
  if (!schemas.data) return <Loading label="Form" />;
  if (!outline)
    return <Empty title="The text cannot be read as YAML">Mend what the list of problems says; the forms come back by themselves.</Empty>;

  const items = [...itemsOf(outline.lists)];
  const item = all ? undefined : items.filter((each) => each.path.every((segment, index) => segment === path[index])).at(-1);
  const put = (made: string | null) => {
    if (made === null) notify.problem(new Error("This place is written in a way that forms leave alone. Change it in the text."));
    else {
      own.current = made;
      onChange(made);
    }
  };
  const doing: Doing = {
    readOnly: readOnly || found === null,
    open: (each) => {
      setAll(false);
      onPath(each.path, each.line);
    },
    add: (list, index) => setAdding({ ...list, index }),
    move: (each, step) => {
      const { list, index } = placeOf(each);
      put(moveAt(text, list, index, index + step));
    },
    copy: (each) => {
      const { list, index } = placeOf(each);
      put(duplicateAt(text, [...list, index]));
    },
    remove: (each) => {
      const { list, index } = placeOf(each);
      put(removeAt(text, [...list, index]));
      setAll(true);
    },
  };
  const added = (type: string) => {
    if (!adding) return;
    const made = insertAt(text, adding.path, adding.index, newItem(adding.kind, type, idsIn(outline.data), freeId));
    put(made);
    setAdding(null);
    const place = keyOf([...adding.path, adding.index]);
    const item = [...itemsOf(outlineOf(made ?? "")?.lists ?? [])].find((each) => keyOf(each.path) === place);
    // The editor has the new text a moment later.
    if (item) setTimeout(() => doing.open(item), SETTLE);
  };

  return (
    <div className={css.panel}>
      {found === null && <p className={css.broken}>The text has an error, so these forms wait for it to be mended.</p>}
      {item ? (
        <ItemForm
          key={keyOf(item.path)}
          item={item}
          text={text}
          data={outline.data}
          schemas={schemas.data}
          onChange={put}
          onAll={() => setAll(true)}
          doing={doing}
        />
      ) : (
        <Lists lists={outline.lists} doing={doing} />
      )}
      {adding && <TypePicker kind={adding.kind} schemas={schemas.data} onChoose={added} onClose={() => setAdding(null)} />}
    </div>
  );
}

/** The text a moment after it was typed; at once where the form itself wrote it. */
function useSettled(text: string, own: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    if (text === settled || text === own) return;
    const wait = setTimeout(() => setSettled(text), SETTLE);
    return () => clearTimeout(wait);
  }, [text, settled, own]);
  if (text === own && settled !== text) {
    setSettled(text);
    return text;
  }
  return settled;
}
