/** The views: those that everybody has, those that were saved in this browser, and a name for what is shown. */
import { ActionIcon, Button, Menu, Modal, TextInput } from "@mantine/core";
import { useDisclosure, useLocalStorage } from "@mantine/hooks";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import css from "@/pages/executions/executions.module.css";
import { KEPT_AS, readViews, USUAL, type View, viewOf, withView } from "@/pages/executions/views";
import { type FilterValues, isAny } from "@/parts/filter/values";
import { notify } from "@/parts/notify";

/** A menu of views; the one that is shown is named on its button. */
export function ViewsMenu({ filter, onChange }: { filter: FilterValues; onChange: (filter: FilterValues) => void }) {
  const [kept, keep] = useLocalStorage<unknown>({ key: KEPT_AS, defaultValue: [] });
  const own = useMemo(() => readViews(kept), [kept]);
  const [naming, { open, close }] = useDisclosure();
  const shown = viewOf([...USUAL, ...own], filter);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark className={css.icon} aria-hidden />}>
            {shown && !isAny(filter) ? shown.name : "Views"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {USUAL.map((view) => (
            <Menu.Item key={view.name} onClick={() => onChange(view.filter)} aria-current={view === shown || undefined}>
              {view.name}
            </Menu.Item>
          ))}
          {own.length > 0 && <Menu.Label>Yours</Menu.Label>}
          {own.map((view) => (
            <div key={view.name} className={css.view}>
              <Menu.Item onClick={() => onChange(view.filter)} aria-current={view === shown || undefined}>
                {view.name}
              </Menu.Item>
              <ActionIcon
                size="sm"
                aria-label={`Forget the view ${view.name}`}
                onClick={() => {
                  keep(own.filter((each) => each !== view));
                  notify.done(`The view “${view.name}” is forgotten.`);
                }}
              >
                <IconTrash className={css.icon} />
              </ActionIcon>
            </div>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={open} disabled={isAny(filter)}>
            Save what is shown …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={naming} onClose={close} title="Save this view">
        <NameForm
          taken={own}
          onSave={(name) => {
            keep(withView(own, { name, filter }));
            notify.done(`Saved as “${name}”, in this browser.`);
            close();
          }}
        />
      </Modal>
    </>
  );
}

function NameForm({ taken, onSave }: { taken: readonly View[]; onSave: (name: string) => void }) {
  const [name, setName] = useState("");
  const given = name.trim();
  const usual = USUAL.some((view) => view.name === given);
  const replaced = taken.some((view) => view.name === given);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (given && !usual) onSave(given);
      }}
    >
      <TextInput
        data-autofocus
        label="Name"
        placeholder="Failed payments"
        maxLength={80}
        value={name}
        error={usual ? "That one is always there; take another name." : undefined}
        description={replaced ? "There is one of that name; it is replaced." : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <div className={css.buttons}>
        <Button type="submit" disabled={!given || usual}>
          Save the view
        </Button>
      </div>
    </form>
  );
}
