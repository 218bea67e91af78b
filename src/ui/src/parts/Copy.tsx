import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import css from "@/parts/Copy.module.css";

/** A button that copies text. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const clipboard = useClipboard({ timeout: 1200 });
  return (
    <Tooltip label={clipboard.copied ? "Copied" : label}>
      <ActionIcon onClick={() => clipboard.copy(text)} aria-label={label} size="sm">
        {clipboard.copied ? <IconCheck className={css.icon} /> : <IconCopy className={css.icon} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** Text with a button that copies it. command: a line for the terminal. */
export function Copyable({ text, command = false }: { text: string; command?: boolean }) {
  return (
    <span className={css.copyable} data-command={command || undefined}>
      <code>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}

/** `Copy as`: the same thing by curl and by the command line. */
export function CopyAs({ curl, cli, more = [] }: { curl?: string; cli?: string; more?: { label: string; text: string }[] }) {
  const clipboard = useClipboard();
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
          <Menu.Item key={way.label} onClick={() => clipboard.copy(way.text)}>
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
