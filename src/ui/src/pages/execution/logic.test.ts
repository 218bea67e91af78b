import { describe, expect, it } from "vitest";
import type { Execution, ExecutionLine } from "@/api/types";
import { actsOf, primaryOf } from "@/pages/execution/actions";
import { causeOf } from "@/pages/execution/cause";
import { chainOf } from "@/pages/execution/chain";

describe("what can be done", () => {
  it("offers one thing first, by state", () => {
    expect(primaryOf({ state: "FAILED", waits: null })).toBe("restart");
    expect(primaryOf({ state: "PAUSED", waits: "approval" })).toBe("review");
    expect(primaryOf({ state: "PAUSED", waits: "pause" })).toBe("resume");
    expect(primaryOf({ state: "PAUSED", waits: "hand" })).toBe("resume");
    expect(primaryOf({ state: "RUNNING", waits: null })).toBe("kill");
    expect(primaryOf({ state: "QUEUED", waits: null })).toBe("run-now");
    expect(primaryOf({ state: "SUCCESS", waits: null })).toBe("replay");
    expect(primaryOf({ state: "KILLING", waits: null })).toBeNull();
  });

  it("deletes and changes only what has ended, kills only what has not", () => {
    expect(actsOf({ state: "RUNNING", waits: null, run: { ended: true } })).toEqual(["replay", "replay-inputs", "pause", "labels", "kill"]);
    expect(actsOf({ state: "FAILED", waits: null, run: { ended: true } })).toEqual([
      "restart",
      "restart-newest",
      "replay",
      "replay-inputs",
      "replay-from",
      "set-state",
      "set-run-state",
      "labels",
      "delete",
    ]);
  });
});

describe("the cause", () => {
  const facts = (more: Partial<Execution>) => causeOf({ id: "e", originalId: "e", labels: [], ...more } as Execution);
  const trigger = (type: string, variables: Record<string, unknown>) => ({ id: "on", type, variables });

  it("is an event, with its topic", () => {
    expect(facts({ trigger: trigger("core.trigger.Event", { id: "7", topic: "orders", data: { x: 1 } }) })).toEqual({
      kind: "event",
      text: "by an event on orders",
      event: { topic: "orders", id: "7" },
      trigger: "on",
    });
  });

  it("is the execution that a state event tells of", () => {
    const found = facts({ trigger: trigger("core.trigger.Event", { id: "a/3", topic: "onbeat.executions", data: { executionId: "a" } }) });
    expect(found).toMatchObject({ kind: "execution", execution: "a" });
  });

  it("is a parent, or what is repeated", () => {
    expect(facts({ parentId: "p", trigger: trigger("io.kestra.plugin.core.flow.Subflow", {}) })).toMatchObject({
      kind: "subflow",
      execution: "p",
    });
    expect(facts({ parentId: "p", labels: [{ key: "system.replay", value: "true" }] })).toMatchObject({ kind: "replay", execution: "p" });
  });

  it("is a webhook, a schedule, or a person, whatever the variables are", () => {
    expect(facts({ trigger: trigger("core.trigger.Webhook", { body: null }) }).kind).toBe("webhook");
    expect(facts({ trigger: trigger("core.trigger.Schedule", { date: "x", data: null }) }).kind).toBe("schedule");
    expect(facts({}).kind).toBe("hand");
  });
});

describe("the chain", () => {
  const line = (id: string, at: number, parentId: string | null = null) =>
    ({ id, correlationId: "a", parentId, state: { startDate: new Date(at).toISOString() } }) as ExecutionLine;
  const said = (lines: ExecutionLine[], from: [string, string][] = []) =>
    chainOf(lines, new Map(from)).map((link) => `${" ".repeat(link.depth)}${link.line.id}`);

  it("is a tree by parents, in the order of beginning", () => {
    expect(said([line("c", 3, "b"), line("b", 2, "a"), line("a", 1), line("d", 4, "a")])).toEqual(["a", " b", "  c", " d"]);
  });

  it("puts what an event started under who sent it, else under the first", () => {
    expect(said([line("a", 1), line("b", 2, "a"), line("c", 3), line("d", 4)], [["c", "b"]])).toEqual(["a", " b", "  c", " d"]);
  });

  it("loses nothing where the first is not in sight, or executions name each other", () => {
    expect(said([line("x", 5, "gone"), line("y", 6)])).toEqual(["x", " y"]);
    expect(said([line("a", 1), line("b", 2, "c"), line("c", 3, "b")]).sort()).toEqual([" c", "a", "b"].sort());
  });
});
