import { useBlocker } from "@tanstack/react-router";
import { Confirm } from "@/parts/Confirm";

/** Asks before a page with unsaved changes is left. Another tab of the same page is not leaving: the draft is kept. */
export function Leaving({ dirty }: { dirty: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  return (
    <Confirm
      opened={blocker.status === "blocked"}
      title="Leave without saving?"
      action="Leave"
      mild
      onConfirm={() => blocker.proceed?.()}
      onClose={() => blocker.reset?.()}
    >
      Your changes are not saved. They are kept in this tab until you close it.
    </Confirm>
  );
}
