import { Button } from "@mantine/core";
import { useRef } from "react";
import css from "@/pages/flows/Flows.module.css";
import { useImport } from "@/pages/flows/useBulk";

/** Choose a ZIP archive or a YAML file, whose flows are saved. */
export function ImportButton() {
  const input = useRef<HTMLInputElement>(null);
  const saved = useImport();
  return (
    <>
      <Button variant="default" loading={saved.isPending} onClick={() => input.current?.click()}>
        Import
      </Button>
      <input
        ref={input}
        className={css.file}
        type="file"
        accept=".zip,.yaml,.yml"
        tabIndex={-1}
        aria-label="A ZIP archive or YAML file of flows"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) saved.mutate(file);
          event.target.value = "";
        }}
      />
    </>
  );
}
