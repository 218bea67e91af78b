import { describe, expect, it } from "vitest";
import { commandOfEvent, curlOfEvent, type Draft, publishedText, publishPath, topicProblem } from "@/pages/events/publishing";

const draft = (more: Partial<Draft> = {}): Draft => ({ topic: "orders", text: '{\n "id": 7\n}', key: "", id: "", ...more });

describe("an event to publish", () => {
  it("has a path for any topic and key", () => {
    expect(publishPath(draft())).toBe("/events/orders");
    expect(publishPath(draft({ topic: "a b/c", key: "k&1" }))).toBe("/events/a%20b%2Fc?key=k%261");
  });

  it("is written for curl and for the command line, safe for a shell", () => {
    const given = draft({ text: `{"name": "it's"}`, key: "k7", id: "one two" });
    expect(curlOfEvent("http://h:1", given)).toBe(
      `curl -H "Authorization: Bearer $ONBEAT_TOKEN" -H 'Content-Type: application/json' -H 'Idempotency-Key: one two' -d '{"name":"it'\\''s"}' 'http://h:1/api/v1/main/events/orders?key=k7'`,
    );
    expect(commandOfEvent(given)).toBe(`onbeat publish orders '{"name":"it'\\''s"}' --key k7 --id 'one two' --follow`);
    expect(commandOfEvent(draft({ text: "{" }))).toBe("onbeat publish orders '{' --follow");
  });

  it("needs a topic that can be one", () => {
    expect(topicProblem("orders")).toBeNull();
    for (const wrong of ["", "  ", "dead", "explain", "x".repeat(250)]) expect(topicProblem(wrong)).not.toBeNull();
  });
});

it("says what became of it", () => {
  expect(publishedText({ id: "1", executions: [] })).toContain("nothing");
  expect(publishedText({ id: "1", executions: ["a"] })).toContain("an execution");
  expect(publishedText({ id: "1", executions: ["a", "b"] })).toContain("2 executions");
  expect(publishedText({ id: "1", executions: ["a"], duplicate: true })).toContain("before");
  expect(publishedText({ id: "1" })).toContain("broker");
});
