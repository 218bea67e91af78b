import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import css from "@/parts/Copy.module.css";
import { copyText } from "@/parts/clipboard";
import { notify } from "@/parts/notify";

const SHOWN = 1200;

/** A button that copies text. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Tooltip label={copied ? "Copied" : label}>
      <ActionIcon onClick={() => void copyText(text).then(setCopied)} aria-label={label} size="sm">
        {copied ? <IconCheck className={css.icon} /> : <IconCopy className={css.icon} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** Text with a button that copies it. command: a line for the terminal. */
export function Copyable({ text, command = false }: { text: string; command?: boolean }) {
  return (
    <span className={css.copyable} data-command={command || undefined}>
      <code tabIndex={command ? 0 : undefined}>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}

/** `Copy as`: the same thing by curl and by the command line. */
export function CopyAs({ curl, cli, more = [] }: { curl?: string; cli?: string; more?: { label: string; text: string }[] }) {
  const ways = [...(curl ? [{ label: "curl", text: curl }] : []), ...(cli ? [{ label: "onbeat command", text: cli }] : []), ...more];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconCopy className={css.icon} />}>
          Copy as
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {ways.map((way) => (
          <Menu.Item key={way.label} onClick={() => void copyText(way.text).then((done) => done && notify.done(`Copied as ${way.label}.`))}>
            {way.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** A curl call of the API for a shell; the token is taken from its environment. */
export function curlOf(method: string, path: string, body?: unknown): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const data = body === undefined ? "" : ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
  return `curl -H "Authorization: Bearer $ONBEAT_TOKEN"${method === "GET" ? "" : ` -X ${method}`}${data} ${quoted(`${location.origin}/api/v1/main${path}`)}`;
}
