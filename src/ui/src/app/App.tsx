import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import { session } from "@/api/session";
import { Login } from "@/app/Login";
import { queries } from "@/app/queries";
import { router } from "@/app/router";
import { useMe } from "@/app/useMe";
import { Failed } from "@/parts/Shown";
import { theme, variables } from "@/theme";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" limit={4} />
        <Door />
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** Who is not logged in sees the login form at any address, and then the page of that address. */
function Door() {
  const me = useMe();
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const ask = () =>
    api
      .get("/me")
      .then((found) => session.set(found))
      .catch((thrown) => setProblem(asProblem(thrown)))
      .finally(() => setAsked(true));
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => void ask(), []);
  if (me) return <RouterProvider router={router} />;
  if (!asked) return null;
  if (problem && problem.status !== 401) return <Failed error={problem} again={() => void ask()} />;
  return <Login />;
}
