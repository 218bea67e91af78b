import { Button, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { rawJson } from "@/api/client";
import { asProblem } from "@/api/problem";
import css from "@/pages/execution/Outputs.module.css";
import { Values } from "@/pages/execution/Values";

interface Evaluated {
  result: string | null;
  error: string | null;
}

/** Try an expression on the execution as it is, or as one of its task runs sees it. */
export function Evaluate({ execution, run, example }: { execution: string; run?: string; example: string }) {
  const [text, setText] = useState("");
  const asked = useMutation({
    mutationFn: (expression: string) =>
      rawJson<Evaluated>(`/executions/${execution}/eval${run ? `/${run}` : ""}`, {
        method: "POST",
        body: expression,
        headers: { "content-type": "text/plain" },
      }),
  });
  const send = () => text.trim() && asked.mutate(text.includes("{") ? text : `{{ ${text.trim()} }}`);
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    send();
  };
  const wrong = asked.error ? asProblem(asked.error).message : asked.data?.error;
  return (
    <div className={css.evaluate}>
      <div className={css.ask}>
        <Textarea
          className={css.expression}
          aria-label="Expression"
          placeholder={`${example}   Enter evaluates it`}
          autosize
          maxRows={8}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={press}
        />
        <Button variant="default" onClick={send} loading={asked.isPending} disabled={!text.trim()}>
          Evaluate
        </Button>
      </div>
      {wrong ? (
        <p className={css.wrong} role="alert">
          {wrong}
        </p>
      ) : (
        asked.data && (
          <div className={css.result} role="status">
            <Values execution={execution} value={parsed(asked.data.result)} path="" />
          </div>
        )
      )}
    </div>
  );
}

/** A result is text; what is an object or a list in it is shown as one. */
function parsed(text: string | null): unknown {
  if (text === null || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
