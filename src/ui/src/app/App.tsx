import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import { session } from "@/api/session";
import { Again } from "@/app/Again";
import { Login } from "@/app/Login";
import { heardLogins, takePlace } from "@/app/logins";
import { queries } from "@/app/queries";
import { router } from "@/app/router";
import { useMe } from "@/app/useMe";
import { Failed } from "@/parts/Shown";
import { theme, variables } from "@/theme";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
const STALE = 60_000;

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

/**
 * Who is not logged in sees the login form at any address, and then the page of that address. Who was logged in keeps the page, and is
 * asked over it. Who has logged in in another tab is logged in here, too: it is asked anew when that tab tells, and when this one is
 * looked at again after a while.
 */
function Door() {
  const me = useMe();
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const place = takePlace();
    if (place !== null) router.history.replace(place);
  }, []);
  const when = useRef(0);
  const ask = async () => {
    when.current = Date.now();
    try {
      const ended = session.ended;
      session.set(await api.get("/me"));
      setProblem(null);
      if (ended) void queries.invalidateQueries();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setAsked(true);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => {
    void ask();
    const looked = () => {
      if (document.visibilityState === "visible" && (session.ended || Date.now() - when.current > STALE)) void ask();
    };
    const stop = heardLogins(() => void ask());
    document.addEventListener("visibilitychange", looked);
    window.addEventListener("focus", looked);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", looked);
      window.removeEventListener("focus", looked);
    };
  }, []);
  if (me)
    return (
      <>
        <RouterProvider router={router} />
        <Again />
      </>
    );
  if (!asked) return null;
  if (problem && problem.status !== 401) return <Failed error={problem} again={() => void ask()} />;
  return <Login />;
}
