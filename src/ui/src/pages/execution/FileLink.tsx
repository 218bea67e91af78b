import { ActionIcon, Modal, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDownload, IconEye, IconFile } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, BASE } from "@/api/client";
import { CodeView } from "@/editor/CodeView";
import css from "@/pages/execution/Outputs.module.css";
import { JsonTree } from "@/parts/JsonTree";
import { Markdown } from "@/parts/Markdown";
import { Failed, Loading } from "@/parts/Shown";
import { SIZE } from "@/theme";

/** A file of an execution: its name, with download and preview. */
export function FileLink({ execution, address }: { execution: string; address: string }) {
  const [opened, preview] = useDisclosure();
  const name = nameOf(address);
  return (
    <span className={css.file}>
      <IconFile size={SIZE.icon} aria-hidden />
      <span title={address}>{name}</span>
      <Tooltip label="Preview">
        <ActionIcon size="sm" aria-label={`Preview ${name}`} onClick={preview.open}>
          <IconEye size={SIZE.icon} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Download">
        <ActionIcon
          size="sm"
          component="a"
          href={`${BASE}/executions/${execution}/file?path=${encodeURIComponent(address)}`}
          download={name}
          aria-label={`Download ${name}`}
        >
          <IconDownload size={SIZE.icon} />
        </ActionIcon>
      </Tooltip>
      <Modal opened={opened} onClose={preview.close} title={name} size="xl">
        {opened && <Preview execution={execution} address={address} />}
      </Modal>
    </span>
  );
}

function Preview({ execution, address }: { execution: string; address: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["file-preview", execution, address],
    queryFn: () => api.get("/executions/{id}/file/preview", { params: { path: { id: execution }, query: { path: address } } }),
    placeholderData: undefined,
  });
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading rows={4} />;
  return (
    <>
      {data.type === "IMAGE" ? (
        <img
          className={css.picture}
          alt=""
          src={`data:image/${data.extension === "svg" ? "svg+xml" : data.extension};base64,${String(data.content)}`}
        />
      ) : data.type === "LIST" ? (
        <JsonTree value={data.content} path="" open={2} />
      ) : data.type === "MARKDOWN" ? (
        <Markdown text={String(data.content)} />
      ) : (
        <CodeView text={String(data.content)} language={data.extension === "json" ? "json" : "text"} />
      )}
      {data.truncated && <p className={css.hint}>This is the beginning of the file; the download has all of it.</p>}
    </>
  );
}

/** The last part of an address, readable; as it is where it is wrongly encoded. */
function nameOf(address: string): string {
  const last = address.split("/").at(-1) ?? address;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
