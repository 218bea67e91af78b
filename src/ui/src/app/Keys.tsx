import { Kbd, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { Fragment, useEffect, useMemo, useRef } from "react";
import { useCommands } from "@/app/commands";
import css from "@/app/Keys.module.css";
import { HELP, isWriting, meaningOf } from "@/app/keys";

const PATIENCE = 1500;
const SEARCH = "main [data-search], main input[type='search'], main [role='searchbox'], main input[placeholder^='Search']";

/** Listens to keys everywhere, and shows what they do. Where somebody writes, or a dialog is open, they are not ours. */
export function Keys() {
  const [opened, help] = useDisclosure();
  const navigate = useNavigate();
  const begun = useRef(0);
  const { open, close } = help;
  useCommands(useMemo(() => [{ id: "keys", label: "Keys", note: "Help", run: open }], [open]));
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isWriting(event.target)) return;
      const inDialog = document.querySelector("[role='dialog'][aria-modal='true']") !== null;
      const meant = meaningOf(event.key, Date.now() - begun.current < PATIENCE);
      begun.current = 0;
      if (!meant || inDialog) return;
      if (meant.kind === "begin") begun.current = Date.now();
      else if (meant.kind === "help") open();
      else if (meant.kind === "go") void navigate({ href: `/ui${meant.to}` });
      else {
        const field = document.querySelector<HTMLInputElement>(SEARCH);
        if (!field) return;
        event.preventDefault();
        field.focus();
        field.select();
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [navigate, open]);
  return (
    <Modal opened={opened} onClose={close} title="Keys" size="lg">
      <div className={css.parts}>
        {HELP.map((part) => (
          <section key={part.where} className={css.part}>
            <h2 className={css.where}>{part.where}</h2>
            <dl className={css.list}>
              {part.keys.map(({ keys, does }) => (
                <div key={keys.join(" ")} className={css.line}>
                  <dt>
                    {keys.map((key) => (
                      <Fragment key={key}>
                        {key.split("+").map((each) => (
                          <Kbd key={each} size="xs">
                            {each}
                          </Kbd>
                        ))}
                      </Fragment>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
