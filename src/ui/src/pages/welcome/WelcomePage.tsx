import { Button } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { raw } from "@/api/client";
import { useMay } from "@/app/useMe";
import { CodeView } from "@/editor/CodeView";
import { TRIGGERS_KEY, useTriggers } from "@/pages/triggers/useTriggers";
import { listener, orderOf, SOURCE, TOPIC } from "@/pages/welcome/example";
import { NextSteps } from "@/pages/welcome/NextSteps";
import { Timeline } from "@/pages/welcome/Timeline";
import { useStory } from "@/pages/welcome/useStory";
import css from "@/pages/welcome/Welcome.module.css";
import { Copyable } from "@/parts/Copy";
import { notify } from "@/parts/notify";
import { Page } from "@/parts/Page";
import { Failed, Loading } from "@/parts/Shown";

/** The first minute: an event is published for real, and all that it does is shown with its times. */
export default function WelcomePage() {
  const triggers = useTriggers();
  const client = useQueryClient();
  const mayPublish = useMay("publish");
  const mayWrite = useMay("write", "demo");
  const { sent, steps, sending, send } = useStory();
  const trigger = listener(triggers.data?.results ?? []);
  const publish = () => send(orderOf(Date.now()));
  const save = useMutation({
    mutationFn: () => raw("/flows", { method: "POST", headers: { "Content-Type": "application/x-yaml" }, body: SOURCE }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: TRIGGERS_KEY });
      publish();
    },
    onError: notify.problem,
  });

  const beginning = () => {
    if (triggers.error && !triggers.data) return <Failed error={triggers.error} again={() => void triggers.refetch()} />;
    if (!triggers.data) return <Loading rows={4} label="Looking for the example" />;
    if (!mayPublish)
      return (
        <p className={css.text}>
          You may look, and not publish. Ask an admin for the role operator, or see what runs under <Link to="/executions">Executions</Link>
          .
        </p>
      );
    if (trigger || sent)
      return (
        <>
          <p className={css.text}>
            Flow{" "}
            <Link to="/flows/$namespace/$flow" params={{ namespace: "demo", flow: "order_received" }}>
              demo.order_received
            </Link>{" "}
            listens to the topic <code>{TOPIC}</code>. Publish an order there and see what it starts: a real event on this server, not a
            film.
          </p>
          <div className={css.go}>
            <Button size="sm" leftSection={<IconBolt className={css.icon} aria-hidden />} onClick={publish} loading={sending}>
              {sent ? "Publish another order" : "Publish an order"}
            </Button>
            <Copyable text={`onbeat publish ${TOPIC} '{"id": 7, "total": 120}' --follow`} command />
          </div>
        </>
      );
    return (
      <>
        <p className={css.text}>
          {mayWrite
            ? "This flow starts for each event on a topic. Save it here, and an order is published that starts it:"
            : "This flow starts for each event on a topic, and is not here yet. Somebody with the role editor in namespace demo can save it:"}
        </p>
        <CodeView text={SOURCE} language="yaml" label="The example flow" />
        {mayWrite && (
          <div className={css.go}>
            <Button
              size="sm"
              leftSection={<IconBolt className={css.icon} aria-hidden />}
              onClick={() => save.mutate()}
              loading={save.isPending || sending}
            >
              Save it and publish an order
            </Button>
          </div>
        )}
      </>
    );
  };

  return (
    <Page title="Welcome">
      <div className={css.welcome}>
        <section className={css.first} aria-label="See an event start a flow">
          <h2 className={css.lead}>See an event start a flow</h2>
          {beginning()}
        </section>
        {sent && <Timeline sent={sent} steps={steps} trigger={trigger?.name} />}
        <NextSteps />
      </div>
    </Page>
  );
}
