/** Short messages in the corner: what was done, or what went wrong and why. */
import { notifications } from "@mantine/notifications";
import { asProblem } from "@/api/problem";

export const notify = {
  done: (message: string) => notifications.show({ message, autoClose: 4000, withBorder: true }),
  problem: (thrown: unknown) => {
    const { title, detail, status } = asProblem(thrown);
    if (status === 401) return; // the login form says so
    notifications.show({ title, message: detail, color: "red", autoClose: 12_000, withBorder: true });
  },
};
