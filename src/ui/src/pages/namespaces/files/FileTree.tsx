import { IconChevronRight, IconFile, IconFolder, IconFolderOpen, IconPhoto } from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import css from "@/pages/namespaces/files/Files.module.css";
import { folderOf, imageOf, type Row } from "@/pages/namespaces/files/tree";

const DRAGGED = "application/x-onbeat-file";

interface FileTreeProps {
  rows: readonly Row[];
  selected: string | undefined;
  onOpen: (path: string) => void;
  onToggle: (path: string, open: boolean) => void;
  /** Without these nothing can be changed. */
  onRename?: (path: string) => void;
  onDelete?: (path: string) => void;
  onMove?: (path: string, folder: string) => void;
  onDrop?: (folder: string, items: DataTransfer) => void;
}

/** The files as a tree: arrows move and open, Enter opens, F2 renames, Delete deletes; files are dropped on folders. */
export function FileTree({ rows, selected, onOpen, onToggle, onRename, onDelete, onMove, onDrop }: FileTreeProps) {
  const [active, setActive] = useState<string | null>(selected ?? null);
  const [over, setOver] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => setActive((now) => selected ?? now), [selected]);
  const at = Math.max(
    0,
    rows.findIndex((row) => row.path === active),
  );

  const go = (index: number) => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (!row) return;
    setActive(row.path);
    list.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(row.path)}"]`)?.focus();
  };
  const press = (event: KeyboardEvent) => {
    const row = rows[at];
    if (!row) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = meant(event.key, row);
    if (!wanted) return;
    event.preventDefault();
    wanted();
  };
  const meant = (key: string, row: Row): (() => void) | null => {
    switch (key) {
      case "ArrowDown":
        return () => go(at + 1);
      case "ArrowUp":
        return () => go(at - 1);
      case "Home":
        return () => go(0);
      case "End":
        return () => go(rows.length - 1);
      case "ArrowRight":
        return () => (row.folder && !row.open ? onToggle(row.path, true) : go(at + 1));
      case "ArrowLeft":
        return () => (row.folder && row.open ? onToggle(row.path, false) : go(rows.findIndex((each) => each.path === folderOf(row.path))));
      case "Enter":
      case " ":
        return () => act(row);
      case "F2":
        return () => onRename?.(row.path);
      case "Delete":
        return () => onDelete?.(row.path);
      default:
        return null;
    }
  };
  const act = (row: Row) => (row.folder ? onToggle(row.path, !row.open) : onOpen(row.path));

  const target = (folder: string) => ({
    onDragOver: (event: DragEvent) => {
      if (!onDrop) return;
      event.preventDefault();
      event.stopPropagation();
      setOver(folder);
    },
    onDragLeave: () => setOver(null),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      event.stopPropagation();
      setOver(null);
      const moved = event.dataTransfer.getData(DRAGGED);
      if (moved) onMove?.(moved, folder);
      else onDrop?.(folder, event.dataTransfer);
    },
  });

  return (
    <div className={css.tree} role="tree" aria-label="Files" tabIndex={-1} ref={list} data-over={over === "" || undefined} {...target("")}>
      {rows.map((row, index) => {
        const Icon = row.folder ? (row.open ? IconFolderOpen : IconFolder) : imageOf(row.path) ? IconPhoto : IconFile;
        return (
          <div
            key={row.path}
            role="treeitem"
            aria-level={row.depth + 1}
            aria-expanded={row.folder ? row.open : undefined}
            aria-selected={row.path === selected}
            aria-busy={row.waiting || undefined}
            tabIndex={index === at ? 0 : -1}
            className={css.row}
            style={{ paddingLeft: `calc(var(--space-2) + ${row.depth} * var(--space-4))` }}
            data-path={row.path}
            data-over={(row.folder && over === row.path) || undefined}
            draggable={onMove !== undefined}
            onDragStart={(event) => event.dataTransfer.setData(DRAGGED, row.path)}
            onClick={() => {
              setActive(row.path);
              act(row);
            }}
            onKeyDown={press}
            onFocus={() => setActive(row.path)}
            title={row.path}
            {...target(row.folder ? row.path : folderOf(row.path))}
          >
            <IconChevronRight
              className={css.chevron}
              data-hidden={!row.folder || undefined}
              data-open={row.open || undefined}
              aria-hidden
            />
            <Icon className={css.icon} aria-hidden />
            <span className={css.name}>{row.name}</span>
          </div>
        );
      })}
    </div>
  );
}
