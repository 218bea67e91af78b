import { useEffect, useRef, useState } from "react";
import { rawJson } from "@/api/client";
import { asProblem } from "@/api/problem";
import { bodyOf, type Choice, type Examined, examined, offered } from "@/forms/inputs";

export interface Check {
  message: string;
  style: string;
  behavior: string;
}

export interface Known {
  inputs: ReadonlyMap<string, Examined>;
  choices: ReadonlyMap<string, readonly Choice[]>;
  checks: readonly Check[];
  /** The server cannot be asked: why. */
  trouble: string | null;
  /** It is said of what the fields hold now; else the answer is on its way, and what was wrong may be mended. */
  current: boolean;
}

const NOTHING: Known = { inputs: new Map(), choices: new Map(), checks: [], trouble: null, current: false };
const SETTLE = 180;

/** What the server says of the fields, asked again a moment after each change; its last answer stays until the next one is there. */
export function useExamined(path: string | null, fields: readonly [string, string | File][]): Known {
  const [known, setKnown] = useState({ ...NOTHING, of: "" });
  const asked = useRef(0);
  const shown = JSON.stringify(fields.map(([name, value]) => [name, typeof value === "string" ? value : value.name]));
  const latest = useRef(fields);
  latest.current = fields;
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    const wait = setTimeout(
      async () => {
        asked.current += 1;
        try {
          const answer = await rawJson<Parameters<typeof examined>[0] & { checks?: Check[] | null }>(path, {
            method: "POST",
            body: bodyOf(latest.current, true),
            signal: stop.signal,
          });
          const { checks } = answer;
          setKnown({ inputs: examined(answer), choices: offered(answer), checks: checks ?? [], trouble: null, current: true, of: shown });
        } catch (thrown) {
          if (!stop.signal.aborted) setKnown((before) => ({ ...before, trouble: asProblem(thrown).detail || asProblem(thrown).title }));
        }
      },
      asked.current === 0 ? 0 : SETTLE,
    );
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [path, shown]);
  return { ...known, current: known.of === shown };
}
