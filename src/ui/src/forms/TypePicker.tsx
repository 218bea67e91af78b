import { Modal, TextInput, UnstyledButton } from "@mantine/core";
import { type KeyboardEvent, useMemo, useState } from "react";
import { TypeDocs } from "@/docs/TypeDocs";
import type { Schemas } from "@/editor/schema";
import { inputTypes } from "@/forms/ItemForm";
import css from "@/forms/NoCode.module.css";
import type { Kind } from "@/forms/outline";

interface TypePickerProps {
  kind: Kind;
  schemas: Schemas;
  onChoose: (type: string) => void;
  onClose: () => void;
}

/** Find a type by its name or by what it does; its docs stand beside the list. */
export function TypePicker({ kind, schemas, onChoose, onClose }: TypePickerProps) {
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  const types = useMemo(
    () => (kind === "input" ? inputTypes(schemas).map((name) => ({ name, description: "" })) : schemas.types(kind)),
    [kind, schemas],
  );
  const found = useMemo(() => {
    const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = types.filter((type) => words.every((word) => `${type.name} ${type.description}`.toLowerCase().includes(word)));
    const named = (name: string) => words.some((word) => name.toLowerCase().includes(word));
    return words.length === 0 ? fits : [...fits.filter((type) => named(type.name)), ...fits.filter((type) => !named(type.name))];
  }, [types, asked]);
  const chosen = found[Math.min(at, found.length - 1)];
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = Math.min(Math.max(at + step, 0), found.length - 1);
      setAt(next);
      document.getElementById(`type-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && chosen) onChoose(chosen.name);
  };
  return (
    <Modal opened onClose={onClose} size="60rem" title={kind === "input" ? "Add an input" : `Add a ${kind}`}>
      <div className={css.picker}>
        <div className={css.find}>
          <TextInput
            data-autofocus
            placeholder="A name, or what it does"
            aria-label="Type"
            role="combobox"
            aria-expanded
            aria-controls="types"
            aria-activedescendant={chosen ? `type-${at}` : undefined}
            value={asked}
            onChange={(event) => {
              setAsked(event.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={press}
          />
          <div className={css.types} id="types" role="listbox" aria-label="Types">
            {found.map((type, index) => (
              <UnstyledButton
                key={type.name}
                id={`type-${index}`}
                role="option"
                aria-selected={type === chosen}
                tabIndex={-1}
                className={css.choice}
                onPointerEnter={() => setAt(index)}
                onClick={() => onChoose(type.name)}
              >
                <span className={css.id}>{type.name}</span>
                {type.description && <span className={css.about}>{type.description.split(/\n|(?<=\.)\s/)[0]}</span>}
              </UnstyledButton>
            ))}
            {found.length === 0 && <p className={css.none}>No {kind} is called that or does that.</p>}
          </div>
        </div>
        <div className={css.beside}>
          <TypeDocs type={chosen?.name ?? null} />
        </div>
      </div>
    </Modal>
  );
}
