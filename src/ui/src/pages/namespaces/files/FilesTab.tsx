import { ActionIcon, Button, Menu, TextInput } from "@mantine/core";
import { IconPlus, IconSearch, IconUpload } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useMay } from "@/app/useMe";
import { type Dropped, droppedFiles } from "@/pages/namespaces/files/dropped";
import { FilePane } from "@/pages/namespaces/files/FilePane";
import css from "@/pages/namespaces/files/Files.module.css";
import { FileTree } from "@/pages/namespaces/files/FileTree";
import { exportAddress, useFileChanges, useFolders, usePaths } from "@/pages/namespaces/files/files";
import { PathForm } from "@/pages/namespaces/files/PathForm";
import { folderOf, foldersOf, joined, movedTo, nameOf, rowsOf, rowsOfPaths } from "@/pages/namespaces/files/tree";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";
import { Empty, Failed, Loading } from "@/parts/Shown";

type Asked =
  | { what: "file" | "folder"; path: string }
  | { what: "move" | "delete"; path: string }
  | { what: "replace"; files: Dropped[]; there: string[] }
  | null;

/** The files of a namespace: a tree, and the one that is open. */
export default function FilesTab({ namespace }: { namespace: string }) {
  const { q = "", file } = useSearch({ from: "/namespaces/$namespace" });
  const navigate = useNavigate({ from: "/namespaces/$namespace" });
  const mayWrite = useMay("write", namespace);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(file ? foldersOf(file) : []));
  const [asked, setAsked] = useState<Asked>(null);
  const [busy, setBusy] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const folders = useMemo(() => ["", ...open], [open]);
  const { entries, top } = useFolders(namespace, folders);
  const all = usePaths(namespace, q !== "");
  const changes = useFileChanges(namespace);
  const rows = useMemo(
    () => (q ? rowsOfPaths((all.data ?? []).filter((path) => path.toLowerCase().includes(q.toLowerCase()))) : rowsOf(entries, open)),
    [q, all.data, entries, open],
  );
  useEffect(() => {
    if (file) setOpen((before) => (foldersOf(file).every((each) => before.has(each)) ? before : new Set([...before, ...foldersOf(file)])));
  }, [file]);

  const show = (path: string | undefined) => navigate({ search: (before) => ({ ...before, file: path }) });
  const beside = file ? folderOf(file) : "";
  const doing = async (work: () => Promise<void>, done: string) => {
    setBusy(true);
    try {
      await work();
      notify.done(done);
    } catch (thrown) {
      notify.problem(thrown);
    } finally {
      setBusy(false);
      setAsked(null);
    }
  };
  const upload = (files: readonly Dropped[]) =>
    doing(
      async () => {
        try {
          for (const each of files) await changes.upload(each.path, each.file);
        } finally {
          await changes.uploaded();
        }
      },
      files.length === 1 ? `${nameOf(files[0]?.path ?? "")} is uploaded.` : `${files.length} files are uploaded.`,
    );
  const take = async (folder: string, dropped: readonly Dropped[]) => {
    const files = dropped.map((each) => ({ ...each, path: joined(folder, each.path) }));
    if (files.length === 0) return;
    const known = new Set((await all.refetch()).data ?? []);
    const there = files.map((each) => each.path).filter((path) => known.has(path));
    if (there.length > 0) setAsked({ what: "replace", files, there });
    else await upload(files);
  };
  /** A folder that goes is not asked for any more. */
  const closed = (path: string) =>
    setOpen((before) => new Set([...before].filter((each) => each !== path && !each.startsWith(`${path}/`))));
  const move = async (from: string, to: string) => {
    closed(from);
    await changes.move(from, to);
    if (file === from) await show(to);
    else if (file?.startsWith(`${from}/`)) await show(`${to}${file.slice(from.length)}`);
  };
  const create = async (what: "file" | "folder", path: string) => {
    if (what === "folder") {
      await changes.makeFolder(path);
      setOpen((before) => new Set([...before, ...foldersOf(path), path]));
      return;
    }
    if (((await all.refetch()).data ?? []).includes(path)) throw new Error("There is a file of that name.");
    await changes.write(path, "");
    await show(path);
  };
  const remove = (path: string) =>
    doing(async () => {
      if (file === path || file?.startsWith(`${path}/`)) await show(undefined);
      closed(path);
      await changes.remove(path);
    }, `${path} is deleted.`);

  const nothing = top?.data?.length === 0 && !q;
  const change = mayWrite
    ? {
        onRename: (path: string) => setAsked({ what: "move", path }),
        onDelete: (path: string) => setAsked({ what: "delete", path }),
        onMove: (path: string, folder: string) => {
          const after = movedTo(path, folder);
          if (after) void doing(() => move(path, after), `${nameOf(path)} is now in ${folder || "the top folder"}.`);
        },
        onDrop: (folder: string, items: DataTransfer) => void droppedFiles(items).then((found) => take(folder, found), notify.problem),
      }
    : {};
  const tree: ReactNode =
    top?.isError && !top.data ? (
      <Failed error={top.error} again={() => void top.refetch()} />
    ) : !top?.data || (q && !all.data) ? (
      <Loading rows={5} />
    ) : rows.length === 0 && q ? (
      <p className={css.none}>No path has “{q}” in it.</p>
    ) : (
      <FileTree
        rows={rows}
        selected={file}
        onOpen={(path) => void show(path)}
        onToggle={(path, wanted) =>
          setOpen((before) => {
            const next = new Set(before);
            if (wanted) next.add(path);
            else next.delete(path);
            return next;
          })
        }
        {...change}
      />
    );

  return (
    <div className={css.files} data-open={file !== undefined || undefined}>
      <div className={css.side}>
        <div className={css.head}>
          <TextInput
            data-search
            className={css.search}
            aria-label="Search files"
            placeholder="Search by path"
            leftSection={<IconSearch className={css.icon} />}
            value={q}
            onChange={(event) => void navigate({ search: (before) => ({ ...before, q: event.target.value || undefined }), replace: true })}
          />
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" aria-label="New, upload, export" loading={busy}>
                <IconPlus className={css.icon} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {mayWrite && (
                <>
                  <Menu.Item onClick={() => setAsked({ what: "file", path: beside ? `${beside}/` : "" })}>New file</Menu.Item>
                  <Menu.Item onClick={() => setAsked({ what: "folder", path: beside ? `${beside}/` : "" })}>New folder</Menu.Item>
                  <Menu.Item onClick={() => picker.current?.click()}>Upload files</Menu.Item>
                  <Menu.Divider />
                </>
              )}
              <Menu.Item component="a" href={exportAddress(namespace)} download={`${namespace}_files.zip`}>
                Download all as ZIP
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Files to upload"
            onChange={(event) => {
              const chosen = [...(event.target.files ?? [])].map((each) => ({ path: each.name, file: each }));
              event.target.value = "";
              void take(beside, chosen);
            }}
          />
        </div>
        {tree}
      </div>
      <div className={css.main}>
        {file ? (
          <FilePane
            key={file}
            namespace={namespace}
            path={file}
            mayWrite={mayWrite}
            onBack={() => void show(undefined)}
            onRename={() => setAsked({ what: "move", path: file })}
            onDelete={() => setAsked({ what: "delete", path: file })}
          />
        ) : nothing ? (
          <Empty
            title="No file is kept here"
            icon={<IconUpload aria-hidden />}
            action={mayWrite && <Button onClick={() => picker.current?.click()}>Upload files</Button>}
          >
            Scripts, queries and templates that flows read: {"{{ read('queries/daily.sql') }}"}, or a task's namespaceFiles.
            {mayWrite && " Drop files on the left, or make one."}
          </Empty>
        ) : (
          <Empty title="Choose a file">Arrows move in the tree, Enter opens. Files can be dropped on a folder.</Empty>
        )}
      </div>
      <PathForm
        opened={asked?.what === "file" || asked?.what === "folder"}
        title={asked?.what === "folder" ? "New folder" : "New file"}
        path={asked?.what === "file" || asked?.what === "folder" ? asked.path : ""}
        action="Make it"
        onSubmit={(path) => create(asked?.what === "folder" ? "folder" : "file", path)}
        onClose={() => setAsked(null)}
      />
      <PathForm
        opened={asked?.what === "move"}
        title={asked?.what === "move" ? `Rename or move ${nameOf(asked.path)}` : ""}
        path={asked?.what === "move" ? asked.path : ""}
        action="Move it"
        onSubmit={(path) => (asked?.what === "move" && path !== asked.path ? move(asked.path, path) : Promise.resolve())}
        onClose={() => setAsked(null)}
      />
      <Confirm
        opened={asked?.what === "delete"}
        title={asked?.what === "delete" ? `Delete ${asked.path}?` : ""}
        action="Delete"
        busy={busy}
        onConfirm={() => asked?.what === "delete" && void remove(asked.path)}
        onClose={() => setAsked(null)}
      >
        A folder goes with all that is in it. Flows that read it fail.
      </Confirm>
      <Confirm
        opened={asked?.what === "replace"}
        title={asked?.what === "replace" && asked.there.length === 1 ? `Replace ${asked.there[0]}?` : "Replace files?"}
        action="Replace"
        busy={busy}
        onConfirm={() => asked?.what === "replace" && void upload(asked.files)}
        onClose={() => setAsked(null)}
      >
        {asked?.what === "replace" && `${asked.there.slice(0, 10).join(", ")}: there already. What was in them is lost.`}
      </Confirm>
    </div>
  );
}
