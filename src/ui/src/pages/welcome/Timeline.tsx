import { IconBolt, IconMailForward } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { StateName } from "@/api/types";
import { TOPIC } from "@/pages/welcome/example";
import { beganAfter, type Step } from "@/pages/welcome/story";
import css from "@/pages/welcome/Welcome.module.css";
import { eventKey } from "@/parts/explained";
import { StateIcon } from "@/parts/StateBadge";
import { stateWord } from "@/parts/states";
import { durationText } from "@/parts/time";

interface TimelineProps {
  sent: { event: string; data: unknown; started: readonly string[]; took: number };
  steps: readonly Step[];
  /** The whole name of the trigger that the event starts the flow by. */
  trigger: string | undefined;
}

/** What the event did, step by step, with the server's own times. */
export function Timeline({ sent, steps, trigger }: TimelineProps) {
  const began = beganAfter(steps);
  const last = steps.at(-1);
  return (
    <section className={css.story} aria-label="What the event did" aria-live="polite">
      <h2 className={css.headline}>
        {began !== null
          ? `Your flow began ${durationText(began)} after the event.`
          : sent.started.length > 0
            ? "The event is on disk, and your flow begins …"
            : "The event is on disk, and started nothing."}
      </h2>
      <p className={css.text}>
        {`The server’s answer was here ${durationText(sent.took)} after your click: event and execution were on disk by then, so a power cut would have lost neither.`}
      </p>
      <ol className={css.steps}>
        <li className={css.step}>
          <span className={css.after}>0 ms</span>
          <IconMailForward className={css.icon} aria-hidden />
          <span className={css.what}>
            Event{" "}
            <Link to="/events" search={{ tab: "explain", event: eventKey(TOPIC, sent.event) }}>
              {sent.event}
            </Link>{" "}
            on <code>{TOPIC}</code> <code className={css.dim}>{JSON.stringify(sent.data)}</code>
          </span>
        </li>
        {steps.map((step) => (
          <li key={step.key} className={css.step} data-kind={step.kind}>
            <span className={css.after}>{durationText(step.after)}</span>
            {step.kind === "trigger" ? <IconBolt className={css.icon} aria-hidden /> : <StateIcon state={step.state} />}
            <span className={css.what}>
              <What step={step} trigger={trigger} />
            </span>
          </li>
        ))}
      </ol>
      {last !== undefined && (
        <p className={css.text}>
          Each of these states is an event on the topic <code>onbeat.executions</code>, which other flows and programs can follow:{" "}
          <Link to="/events" search={{ topic: "onbeat.executions", from: "earliest" }}>
            see them
          </Link>
          .
        </p>
      )}
    </section>
  );
}

function What({ step, trigger }: { step: Step; trigger: string | undefined }) {
  if (step.kind === "trigger") {
    const name = step.next ? `${step.flow}.${step.trigger}` : (trigger ?? `${step.flow}.${step.trigger}`);
    const own = name.startsWith(`${step.flow}.`) ? name : `${step.flow}.${step.trigger}`;
    return (
      <>
        {step.next ? "What it published was heard by trigger " : "Trigger "}
        <Link to="/triggers/$name" params={{ name: own }}>
          {step.trigger}
        </Link>
        {step.next ? ", which started flow " : " started flow "}
        <Flow flow={step.flow} />
      </>
    );
  }
  if (step.kind === "task")
    return (
      <>
        Task{" "}
        <Link to="/executions/$id" params={{ id: step.execution }}>
          {step.task}
        </Link>{" "}
        {did(step.state)}
        {step.took !== null && <span className={css.dim}> in {durationText(step.took)}</span>}
      </>
    );
  return (
    <>
      <Link to="/executions/$id" params={{ id: step.execution }}>
        {step.flow}
      </Link>{" "}
      {did(step.state)}
    </>
  );
}

/** A state as what happened then. */
const did = (state: StateName): string => DID[state] ?? `is ${stateWord(state).toLowerCase()}`;
const DID: Partial<Record<StateName, string>> = {
  CREATED: "was created",
  RUNNING: "began",
  SUCCESS: "succeeded",
  FAILED: "failed",
  PAUSED: "waits, paused",
  SKIPPED: "was skipped",
  WARNING: "ended with a warning",
};

function Flow({ flow }: { flow: string }) {
  const cut = flow.lastIndexOf(".");
  return (
    <Link to="/flows/$namespace/$flow" params={{ namespace: flow.slice(0, cut), flow: flow.slice(cut + 1) }}>
      {flow}
    </Link>
  );
}
