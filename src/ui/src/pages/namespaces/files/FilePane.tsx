import { ActionIcon, Button, Group, Menu, Modal } from "@mantine/core";
import { IconArrowLeft, IconDots, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { CodeEditor } from "@/editor/CodeEditor";
import { DiffView } from "@/editor/DiffView";
import css from "@/pages/namespaces/files/Files.module.css";
import { addressOf, modifiedOf, readFile, useFileChanges } from "@/pages/namespaces/files/files";
import { folderOf, imageOf, languageOf, nameOf, sizeText, textOf } from "@/pages/namespaces/files/tree";
import type { NamespacesSearch } from "@/pages/namespaces/search";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

const MOST_TEXT = 1_000_000;
const MOST_IMAGE = 5_000_000;

interface FilePaneProps {
  namespace: string;
  path: string;
  mayWrite: boolean;
  onBack: () => void;
  onRename: () => void;
  onDelete: () => void;
}

interface Place {
  pathname: string;
  search: unknown;
}

/** A search of the tree, say, is not a reason to ask whether to leave the file. */
function sameFile(before: Place, after: Place): boolean {
  const chosen = ({ search }: Place) => JSON.stringify([(search as NamespacesSearch).tab, (search as NamespacesSearch).file]);
  return before.pathname === after.pathname && chosen(before) === chosen(after);
}

/** A file: its text in an editor, a picture, or what is known of it. */
export function FilePane({ namespace, path, mayWrite, onBack, onRename, onDelete }: FilePaneProps) {
  const found = useQuery({
    queryKey: ["file", namespace, path],
    queryFn: () => readFile(namespace, path),
    placeholderData: undefined,
    refetchOnWindowFocus: false,
    staleTime: 0,
    gcTime: 0,
  });
  const [text, setText] = useState<string | null>(null);
  const [kept, setKept] = useState<{ text: string; modified: number | null } | null>(null);
  const [other, setOther] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const changes = useFileChanges(namespace);
  const read = found.data ? textOf(found.data.bytes) : null;
  const dirty = kept !== null && text !== null && text !== kept.text;
  const written = useRef(dirty);
  useEffect(() => {
    written.current = dirty;
  });
  useEffect(() => {
    // What somebody is writing is never replaced: a save finds that the file is another.
    if (!found.data || read === null || written.current) return;
    setKept({ text: read, modified: found.data.modified });
    setText(read);
  }, [found.data, read]);
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && !sameFile(current, next),
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });

  const save = async (anyway = false) => {
    if (!mayWrite || text === null || kept === null || busy || (!dirty && !anyway)) return;
    setBusy(true);
    try {
      const now = await modifiedOf(namespace, path);
      if (!anyway && now !== null && kept.modified !== null && now !== kept.modified) {
        setOther(textOf((await readFile(namespace, path)).bytes) ?? "");
        return;
      }
      await changes.write(path, text);
      setKept({ text, modified: await modifiedOf(namespace, path) });
      setOther(null);
      notify.done(`${nameOf(path)} is saved.`);
    } catch (thrown) {
      notify.problem(thrown);
    } finally {
      setBusy(false);
    }
  };

  const size = found.data?.bytes.byteLength ?? 0;
  return (
    <section className={css.file} aria-label={path}>
      <header className={css.head}>
        <ActionIcon className={css.back} aria-label="Back to the files" onClick={onBack}>
          <IconArrowLeft className={css.icon} />
        </ActionIcon>
        <span className={css.path} title={path}>
          <span className={css.dim}>{folderOf(path) && `${folderOf(path)}/`}</span>
          {nameOf(path)}
          {dirty && <span className={css.dim}> · not saved</span>}
        </span>
        {found.data && (
          <span className={css.facts}>
            {sizeText(size)} · <TimeAgo at={kept?.modified ?? found.data.modified} />
          </span>
        )}
        <ActionIcon component="a" href={addressOf(namespace, path)} download={nameOf(path)} aria-label="Download" title="Download">
          <IconDownload className={css.icon} />
        </ActionIcon>
        {mayWrite && (
          <>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label="More">
                  <IconDots className={css.icon} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={onRename}>Rename or move</Menu.Item>
                <Menu.Item color="red" onClick={onDelete}>
                  Delete
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
            {kept && (
              <Button disabled={!dirty} loading={busy} onClick={() => void save()} title="Ctrl S">
                Save
              </Button>
            )}
          </>
        )}
      </header>
      <div className={css.body}>
        {found.isError && !found.data ? (
          <Failed error={found.error} again={() => void found.refetch()} />
        ) : !found.data ? (
          <Loading rows={4} />
        ) : imageOf(path) && size <= MOST_IMAGE ? (
          <Picture bytes={found.data.bytes} type={imageOf(path) ?? ""} name={nameOf(path)} />
        ) : read === null || size > MOST_TEXT ? (
          <Empty
            title={read === null ? "This file is not text" : "This file is too long to edit here"}
            action={
              <Button component="a" href={addressOf(namespace, path)} download={nameOf(path)} variant="default">
                Download {sizeText(size)}
              </Button>
            }
          />
        ) : (
          text !== null && (
            <CodeEditor
              label={path}
              language={languageOf(path)}
              value={text}
              onChange={setText}
              onSave={() => void save()}
              readOnly={!mayWrite}
            />
          )
        )}
      </div>
      <Modal opened={other !== null} onClose={() => setOther(null)} title={`Somebody else has changed ${nameOf(path)}`} size="xl">
        {other !== null && text !== null && (
          <>
            <p className={css.dim}>Close this to take over what you need, then save yours in its place.</p>
            <div className={css.diff}>
              <DiffView before={other} after={text} language={languageOf(path)} beforeLabel="As it is now" afterLabel="Yours" />
            </div>
            <Group justify="flex-end" gap="sm" mt="md">
              <Button
                variant="default"
                onClick={() => {
                  written.current = false;
                  setOther(null);
                  setKept(null);
                  void found.refetch();
                }}
              >
                Drop mine
              </Button>
              <Button onClick={() => void save(true)} loading={busy}>
                Save mine in its place
              </Button>
            </Group>
          </>
        )}
      </Modal>
      <Confirm
        opened={leaving.status === "blocked"}
        title={`Leave ${nameOf(path)} without saving?`}
        action="Leave"
        onConfirm={() => leaving.proceed?.()}
        onClose={() => leaving.reset?.()}
      >
        What you have written since the last save is lost.
      </Confirm>
    </section>
  );
}

/** A picture as a `data:` address: its bytes are shown as a picture of that type or not at all. */
function Picture({ bytes, type, name }: { bytes: ArrayBuffer; type: string; name: string }) {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    const reader = new FileReader();
    reader.onload = () => setAddress(String(reader.result));
    reader.readAsDataURL(new Blob([bytes], { type }));
    return () => reader.abort();
  }, [bytes, type]);
  return <div className={css.picture}>{address && <img src={address} alt={name} />}</div>;
}
