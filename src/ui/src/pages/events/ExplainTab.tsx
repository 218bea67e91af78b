import { Button, TextInput } from "@mantine/core";
import { IconHelpCircle } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import css from "@/pages/events/Events.module.css";
import { CopyAs, curlOf } from "@/parts/Copy";
import { keyPath } from "@/parts/explained";
import { Empty } from "@/parts/Shown";
import { WhyNot } from "@/parts/WhyNot";

/** Paste an event's id, and each listening trigger says what it did with it. */
export function ExplainTab() {
  const { event } = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const [text, setText] = useState(event ?? "");
  useEffect(() => setText(event ?? ""), [event]);
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    void navigate({ search: (now) => ({ ...now, event: text.trim() || undefined }) });
  };
  return (
    <div className={css.explain}>
      <form className={css.ask} onSubmit={submit}>
        <TextInput
          className={css.askFor}
          label="Event"
          description="TOPIC/ID, an id on any topic, or EXECUTION/SEQUENCE of a state event"
          placeholder="orders/0351eoKQFpcjNx1PQrHsuz"
          value={text}
          onChange={(changed) => setText(changed.target.value)}
        />
        <Button type="submit" disabled={text.trim() === ""}>
          Explain
        </Button>
        {event && <CopyAs curl={curlOf("GET", `/events/explain/${keyPath(event)}`)} cli={`onbeat events explain ${event}`} />}
      </form>
      {event ? (
        <WhyNot event={event} />
      ) : (
        <Empty title="Which event?" icon={<IconHelpCircle aria-hidden />} command="onbeat events explain orders/ID">
          Paste the id that <code>publish</code> answered, or open an event in the tail. Each trigger that listens says whether it started,
          and if not, why.
        </Empty>
      )}
    </div>
  );
}
