import { Link } from "@tanstack/react-router";
import { useMay } from "@/app/useMe";
import css from "@/pages/welcome/Welcome.module.css";
import { ButtonLink } from "@/parts/ButtonLink";
import { Copyable } from "@/parts/Copy";

/** What to do after the first event: three ways on, each with its commands. */
export function NextSteps() {
  const mayWrite = useMay("write");
  const hook = `curl -X POST -H 'Content-Type: application/json' -d '{"name": "Ada"}' ${location.origin}/api/v1/main/executions/webhook/demo/webhook_hello/KEY`;
  return (
    <section className={css.next} aria-label="Next">
      <article className={css.card}>
        <h2 className={css.cardTitle}>Write a flow</h2>
        <p className={css.text}>Tasks in YAML, with a trigger that says which event starts it. A project with examples to change:</p>
        <Copyable text="onbeat init shop && cd shop && onbeat serve" command />
        <p className={css.text}>What is wrong with the files, with line and cure:</p>
        <Copyable text="onbeat check" command />
        {mayWrite && (
          <div>
            <ButtonLink to="/flows/new" variant="default">
              Write one here
            </ButtonLink>
          </div>
        )}
      </article>
      <article className={css.card}>
        <h2 className={css.cardTitle}>Connect what you have</h2>
        <p className={css.text}>
          <Link to="/plugins/$type" params={{ type: "kafka.RealtimeTrigger" }}>
            Kafka
          </Link>
          , exactly once for each record:
        </p>
        <Copyable text="export ONBEAT_KAFKA_BOOTSTRAP_SERVERS=localhost:9092" command />
        <p className={css.text}>
          <Link to="/plugins/$type" params={{ type: "mqtt.RealtimeTrigger" }}>
            MQTT
          </Link>
          :
        </p>
        <Copyable text="export ONBEAT_MQTT_URL=mqtt://localhost:1883" command />
        <p className={css.text}>
          A{" "}
          <Link to="/plugins/$type" params={{ type: "core.trigger.Webhook" }}>
            webhook
          </Link>
          ; its page under <Link to="/triggers">Triggers</Link> has the address with its key:
        </p>
        <Copyable text={hook} command />
      </article>
      <article className={css.card}>
        <h2 className={css.cardTitle}>Use the command line</h2>
        <p className={css.text}>Publish, and follow what it starts:</p>
        <Copyable text={`onbeat publish orders '{"id": 8, "total": 20}' --follow`} command />
        <p className={css.text}>See what every execution does:</p>
        <Copyable text="onbeat tail" command />
        <p className={css.text}>Why a flow did not start:</p>
        <Copyable text="onbeat events explain orders/ID" command />
      </article>
    </section>
  );
}
