/** Ctrl-K: go to any place, flow or execution; do what the open page offers. */

import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue, useDisclosure, useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { api } from "@/api/client";
import { type Command, setPaletteOpener, useOffered } from "@/app/commands";
import css from "@/app/Palette.module.css";
import { EXECUTION_ID } from "@/parts/ids";

export function Palette() {
  const [opened, { open, close }] = useDisclosure();
  useEffect(() => setPaletteOpener(open), [open]);
  useHotkeys([["mod+K", open]], []);
  return (
    <Modal
      opened={opened}
      onClose={close}
      withCloseButton={false}
      size="lg"
      padding={0}
      yOffset="12vh"
      centered={false}
      attributes={{ content: { "aria-label": "Go to, or do" } }}
    >
      <Finder close={close} />
    </Modal>
  );
}

function Finder({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [asked] = useDebouncedValue(text.trim(), 120);
  const navigate = useNavigate();
  const offered = useOffered();
  const flows = useQuery({
    queryKey: ["palette", asked],
    enabled: asked.length > 1,
    queryFn: () => api.get("/flows/search", { params: { query: { q: asked, size: 8 } } }),
  });

  const places = useMemo<Command[]>(
    () =>
      [
        ["/", "Dashboard"],
        ["/executions", "Executions"],
        ["/executions?state=FAILED", "Failed executions"],
        ["/flows", "Flows"],
        ["/flows/new", "New flow"],
        ["/triggers", "Triggers"],
        ["/events", "Events"],
        ["/namespaces", "Namespaces"],
        ["/plugins", "Plugins"],
        ["/settings", "Settings"],
        ["/welcome", "Welcome"],
      ].map(([href = "", label = ""]) => ({ id: `place:${href}`, label, note: "Go to", run: () => void navigate({ href: `/ui${href}` }) })),
    [navigate],
  );
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (command: Command) => words.every((word) => `${command.label} ${command.note ?? ""}`.toLowerCase().includes(word));
    const result = [...offered, ...places].filter(fits);
    for (const flow of flows.data?.results ?? []) {
      const params = { namespace: flow.namespace, flow: flow.id };
      result.push({
        id: `flow:${flow.namespace}.${flow.id}`,
        label: flow.id,
        note: `Flow in ${flow.namespace}`,
        run: () => void navigate({ to: "/flows/$namespace/$flow", params }),
      });
    }
    const id = text.trim();
    if (EXECUTION_ID.test(id))
      result.unshift({
        id: `execution:${id}`,
        label: id,
        note: "Execution",
        run: () => void navigate({ to: "/executions/$id", params: { id } }),
      });
    else if (id.length > 1)
      result.push({
        id: "search",
        label: `Search executions for “${id}”`,
        run: () => void navigate({ href: `/ui/executions?q=${encodeURIComponent(id)}` }),
      });
    return result.slice(0, 40);
  }, [text, offered, places, flows.data, navigate]);

  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((now) => (now + step + found.length) % Math.max(found.length, 1));
    } else if (event.key === "Enter") run(found[at]);
  };

  return (
    <div className={css.finder}>
      <TextInput
        data-autofocus
        variant="unstyled"
        className={css.input}
        placeholder="A page, a flow, an execution's id, something to do"
        aria-label="Go to, or do"
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={found[at] ? `palette-${at}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div className={css.list} id="palette-list" role="listbox" aria-label="What was found">
        {found.map((command, index) => (
          <button
            type="button"
            key={command.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            className={css.item}
            onPointerMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            <span className={css.label}>{command.label}</span>
            <span className={css.note}>{command.note}</span>
          </button>
        ))}
        {found.length === 0 && <p className={css.none}>Nothing is called that.</p>}
      </div>
    </div>
  );
}
