/**
 * A flow as text, with all that helps to write it: problems while it is written, docs of the type under the cursor, its topology, and a
 * form of the task under the cursor. It fills the height that it is given (a page that is `wide`).
 *
 *     <FlowEditor initial={{ namespace, id, revision, source }} onSaved={(flow) => …} />     initial null: a new flow
 */
import { Button, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconAlertCircle, IconAlertTriangle, IconCircleCheck, IconDeviceFloppy, IconLoader2 } from "@tabler/icons-react";
import { useMemo, useRef, useState } from "react";
import type { FlowWithSource } from "@/api/types";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { TypeDocs } from "@/docs/TypeDocs";
import { DiffView } from "@/editor/DiffView";
import css from "@/editor/FlowEditor.module.css";
import { Leaving } from "@/editor/Leaving";
import { ProblemList } from "@/editor/ProblemList";
import { linesOf, rowOfId, type Segment } from "@/editor/path";
import { Stale } from "@/editor/Stale";
import type { Edited } from "@/editor/save";
import { type Checked, useChecked, useGraph } from "@/editor/useChecked";
import { useEdited } from "@/editor/useEdited";
import { type Cursor, YamlEditor, type YamlHandle } from "@/editor/YamlEditor";
import { NoCode } from "@/forms/NoCode";
import { Topology } from "@/graph/Topology";
import { Empty } from "@/parts/Shown";
import { BREAK } from "@/theme";

/** What stands beside the text. */
export type Side = "none" | "docs" | "topology" | "form";

interface FlowEditorProps {
  /** What is edited; null: a new flow. */
  initial: Edited | null;
  onSaved: (flow: FlowWithSource) => void;
  /** The text of a new flow. */
  template?: string;
  /** A new flow's namespace. */
  namespace?: string;
  /** What stands beside the text, where the page keeps it in its address. */
  side?: Side;
  onSide?: (side: Side) => void;
  /** Where the cursor stands first: a line, from 1, or the id of a task or trigger. */
  begin?: number | string;
}

const SIDES = [
  { value: "none", label: "Text" },
  { value: "docs", label: "Docs" },
  { value: "topology", label: "Topology" },
  { value: "form", label: "Form" },
];

const NOWHERE: Cursor = { line: 1, path: [], type: null, typePath: [], task: null };

const templateOf = (namespace: string) => `id: hello
namespace: ${namespace}

tasks:
  - id: say
    type: core.log.Log
    message: Hello
`;

export function FlowEditor({ initial, onSaved, template, namespace = "company.team", side, onSide, begin }: FlowEditorProps) {
  const edited = useEdited(initial, template ?? templateOf(namespace), onSaved);
  const { text, setText, dirty } = edited;
  const [ownSide, setOwnSide] = useState<Side | null>(null);
  const [cursor, setCursor] = useState(NOWHERE);
  const [row] = useState(() => (typeof begin === "string" ? rowOfId(linesOf(text), begin) + 1 : begin));
  const editor = useRef<YamlHandle>(null);
  const may = useMay("write", initial?.namespace);
  const checked = useChecked(text);
  const narrow = useMediaQuery(`(max-width: ${BREAK.narrow}px)`, undefined, { getInitialValueInEffect: false }) ?? false;
  const shown = side ?? ownSide ?? (narrow ? "none" : "docs");
  const choose = onSide ?? setOwnSide;
  const { graph, broken } = useGraph(text, checked, shown === "topology");

  const written = useRef(text);
  written.current = text;
  // Drawn anew only for another graph or task, not for each letter.
  const drawn = useMemo(() => {
    const goToTask = (id: string) => {
      const row = rowOfId(linesOf(written.current), id);
      if (row >= 0) editor.current?.goTo(row + 1);
    };
    return graph && <Topology graph={graph} selected={cursor.task ?? undefined} onSelect={goToTask} />;
  }, [graph, cursor.task]);
  const save = useRef(edited.save);
  save.current = edited.save;
  useCommands(
    useMemo(
      () => [
        { id: "flow:save", label: "Save the flow", note: "Ctrl S", run: () => void save.current() },
        ...SIDES.map(({ value, label }) => ({ id: `flow:side:${value}`, label: `Editor: ${label}`, run: () => choose(value as Side) })),
      ],
      [choose],
    ),
  );
  const path: readonly Segment[] = cursor.typePath;

  return (
    <div className={css.editor}>
      <div className={css.bar}>
        <Status checked={checked} />
        <span className={css.status}>{initial ? `Revision ${edited.base?.revision}${dirty ? ", changed" : ""}` : "Not saved yet"}</span>
        <div className={css.right}>
          <SegmentedControl aria-label="Beside the text" data={SIDES} value={shown} onChange={(next) => choose(next as Side)} />
          {may && (
            <Button
              leftSection={<IconDeviceFloppy size="1em" aria-hidden />}
              onClick={() => void edited.save()}
              loading={edited.busy}
              disabled={!dirty && initial !== null}
              title="Ctrl-S"
            >
              Save
            </Button>
          )}
        </div>
      </div>
      <Notices edited={edited} may={may} />
      <div className={css.panes} data-side={shown === "none" ? undefined : shown}>
        <div className={css.left}>
          <div className={css.code}>
            <YamlEditor
              value={text}
              onChange={setText}
              onSave={() => void edited.save()}
              problems={checked.problems}
              onCursor={setCursor}
              readOnly={!may}
              handle={editor}
              begin={row}
            />
          </div>
          <ProblemList problems={checked.problems} onGo={(problem) => editor.current?.goTo(problem.line, problem.column)} />
        </div>
        {shown !== "none" && (
          <aside className={css.side} data-kind={shown} aria-label={SIDES.find((each) => each.value === shown)?.label}>
            {shown === "docs" && <TypeDocs type={cursor.type} />}
            {shown === "topology" && broken && graph && <p className={css.broken}>The text has problems; this is how it was before.</p>}
            {shown === "topology" &&
              (drawn ? (
                <div className={css.stage}>{drawn}</div>
              ) : (
                broken && <Empty title="Nothing to draw yet">The topology comes when the text has no problems.</Empty>
              ))}
            {shown === "form" && (
              <NoCode text={text} onChange={setText} path={path} onPath={(_, line) => editor.current?.goTo(line)} readOnly={!may} />
            )}
          </aside>
        )}
      </div>
      {edited.stale && (
        <Stale
          mine={text}
          newest={edited.stale}
          busy={edited.busy}
          onSave={(merged) => void edited.saveOver(merged)}
          onTake={edited.take}
          onClose={edited.closeStale}
        />
      )}
      <Leaving dirty={dirty} />
    </div>
  );
}

function Notices({ edited, may }: { edited: ReturnType<typeof useEdited>; may: boolean }) {
  const { restored, wrong, newer, readonly } = edited;
  return (
    <>
      {!may && (
        <div className={css.notice}>
          <span>You may read this flow and not change it.</span>
        </div>
      )}
      {restored && (
        <div className={css.notice}>
          <span>These are your changes from before, not saved yet.</span>
          <Button variant="default" onClick={edited.discard}>
            Discard them
          </Button>
        </div>
      )}
      {newer && (
        <div className={css.notice}>
          <span>Revision {newer.revision} was saved meanwhile.</span>
          <Button variant="default" onClick={edited.compare}>
            Compare
          </Button>
        </div>
      )}
      {wrong && (
        <div className={css.notice} data-kind="wrong" role="alert">
          <span>{wrong}</span>
        </div>
      )}
      {readonly && (
        <div className={css.notice} role="alert">
          <span>
            {readonly.why}
            {"\n"}The server may not write this flow's file. Make the change where the file comes from; it is served as soon as it is there.
          </span>
          <DiffView unified before={edited.base?.source ?? ""} after={edited.text} beforeLabel="The file" afterLabel="Your text" />
        </div>
      )}
    </>
  );
}

function Status({ checked }: { checked: Checked }) {
  const errors = checked.problems.filter((each) => each.severity === "error").length;
  const warnings = checked.problems.length - errors;
  if (checked.trouble)
    return (
      <span className={css.status} data-state="wrong">
        <IconAlertCircle aria-hidden /> Cannot be checked: {checked.trouble}
      </span>
    );
  const words = errors > 0 ? counted(errors, "problem") : warnings > 0 ? counted(warnings, "warning") : "No problems";
  const state = errors > 0 ? "wrong" : warnings > 0 ? "warned" : "right";
  const Icon = checked.busy ? IconLoader2 : errors > 0 ? IconAlertCircle : warnings > 0 ? IconAlertTriangle : IconCircleCheck;
  return (
    <span className={css.status} data-state={state} role="status">
      <Icon aria-hidden /> {words}
    </span>
  );
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
