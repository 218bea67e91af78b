import { describe, expect, it } from "vitest";
import { type Explained, keyPath, namedValues, sentence, summary, tell } from "@/parts/explained";

const verdict = (result: string, why?: string, executions?: string[]) => ({
  trigger: "shop.order.paid",
  flows: ["shop.order"],
  result,
  why,
  executions,
});

describe("what a trigger did with an event", () => {
  it("started", () => {
    expect(tell(verdict("started", undefined, ["a"]))).toMatchObject({
      outcome: "started",
      family: "success",
      sentence: "It started an execution.",
    });
    expect(tell(verdict("started", undefined, ["a", "b"])).sentence).toBe("It started 2 executions.");
  });

  it("is a duplicate when the execution was started by another event", () => {
    const told = tell(verdict("started", undefined, ["a"]), { earlier: "orders/7" });
    expect(told.outcome).toBe("duplicate");
    expect(told.sentence).toContain("orders/7");
  });

  it("shows a false condition with what it saw", () => {
    const told = tell(verdict("condition false", '`{{ trigger.data.total > 100 }}` with {"id":"1","data":{"total":20}}'));
    expect(told).toMatchObject({
      outcome: "condition",
      expression: "{{ trigger.data.total > 100 }}",
      seen: { id: "1", data: { total: 20 } },
    });
  });

  it("shows values that were cut off as text", () => {
    expect(tell(verdict("condition false", '`{{ x }}` with {"data":{"a":')).seen).toBe('{"data":{"a":');
  });

  it("says a condition that is no expression as it is", () => {
    const told = tell(verdict("condition false", "the execution is demo.a in state SUCCESS"));
    expect(told.expression).toBeUndefined();
    expect(told.sentence).toBe("The execution is demo.a in state SUCCESS.");
  });

  it("says why it is off, as the trigger says it now", () => {
    expect(tell(verdict("disabled", "the trigger says `disabled: true`"), { off: "it was switched off" }).sentence).toContain(
      "it was switched off",
    );
    expect(tell(verdict("disabled", "the trigger says `disabled: true`")).sentence).toContain("`disabled: true`");
  });

  it.each([
    ["paused", "paused", "no Kafka broker answers at 127.0.0.1:9"],
    ["dead", "dead", "compares a text with a number"],
    ["waiting", "waiting", "it counts as paid; it waits for placed"],
    ["counted", "counted", "it was counted as paid"],
  ])("%s says why", (result, outcome, why) => {
    const told = tell(verdict(result, why));
    expect(told.outcome).toBe(outcome);
    expect(told.sentence.startsWith(sentence(why)) || told.sentence.includes(sentence(why))).toBe(true);
  });

  it.each(["not started", "not counted"])("%s: it was not listening then", (result) => {
    expect(tell(verdict(result, "the trigger was not there"))).toMatchObject({ outcome: "absent", word: "Was not listening" });
  });

  it("shows an answer that it does not know", () => {
    expect(tell(verdict("postponed", "until tomorrow"))).toMatchObject({
      outcome: "other",
      word: "Postponed",
      sentence: "Until tomorrow.",
    });
  });
});

describe("the values that an expression names", () => {
  const seen = { data: { total: 20, items: ["a"], "odd name": null } };

  it("are found by dots and brackets, each once", () => {
    const found = namedValues(
      "{{ trigger.data.total > 1 and trigger.data.total < 9 and trigger.data['odd name'] and trigger.data.items[0] }}",
      seen,
    );
    expect(found).toEqual([
      { path: "trigger.data.total", value: 20, missing: false },
      { path: "trigger.data['odd name']", value: null, missing: false },
      { path: "trigger.data.items[0]", value: "a", missing: false },
    ]);
  });

  it("are missing where nothing is there, and nothing is inherited", () => {
    expect(namedValues("{{ trigger.data.country == 'DE' }}", seen)).toEqual([
      { path: "trigger.data.country", value: undefined, missing: true },
    ]);
    expect(namedValues("{{ trigger.constructor.name }}", seen)[0]?.missing).toBe(true);
    expect(namedValues("{{ trigger.data.total }}", "cut off")[0]?.missing).toBe(true);
  });
});

describe("what became of the event", () => {
  const event = { id: "1", topic: "orders", time: "", data: {} };
  const of = (n: number): Explained => ({ event, triggers: Array.from({ length: n }, () => verdict("started")), dead: [] });

  it("is one sentence", () => {
    expect(summary(of(0), [])).toBe("No trigger listens to orders.");
    expect(summary(of(1), ["started"])).toBe("The one trigger that listens to orders started a flow.");
    expect(summary(of(1), ["condition"])).toBe("The one trigger that listens to orders did not start a flow.");
    expect(summary(of(3), ["started", "condition", "dead"])).toBe("Of 3 triggers that listen to orders, 1 started a flow.");
    expect(summary(of(2), ["started", "started"])).toBe("Of 2 triggers that listen to orders, each started a flow.");
    expect(summary(of(2), ["dead", "absent"])).toBe("Of 2 triggers that listen to orders, none started a flow.");
  });
});

it("writes a key for an address", () => {
  expect(keyPath("orders/a?b#c d")).toBe("orders/a%3Fb%23c%20d");
});
