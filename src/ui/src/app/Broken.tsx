import { Button } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { isMissingPart } from "@/app/updated";
import { Page } from "@/parts/Page";
import { Empty, Failed } from "@/parts/Shown";

/** In place of a page that broke; what is around it stays. */
export function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  // What could not be loaded is asked for again, too.
  if (!isMissingPart(error)) return <Failed error={error} again={() => void router.invalidate().then(reset)} />;
  return (
    <Page title="onbeat has been updated">
      <Empty title="This part is of the version before" action={<Button onClick={() => location.reload()}>Load the page anew</Button>}>
        The server has a newer one since this page was loaded.
      </Empty>
    </Page>
  );
}
