import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { flowOf } from "@/pages/plugins/examples";
import { giveExample, givenExample } from "@/parts/example";

const task = { id: "a", type: "core.log.Log", message: "{{ inputs.x }}: yes" };

describe("an example", () => {
  it("is a whole flow, where a flow has a place for it", () => {
    const flow = parse(flowOf("core.log.Log", "task", task) ?? "");
    expect(flow).toEqual({ id: "try_log_log", namespace: "NAMESPACE", tasks: [task] });
    expect(parse(flowOf("core.trigger.Event", "trigger", task) ?? "")).toMatchObject({ triggers: [task], tasks: [{ id: "say" }] });
    expect(flowOf("core.condition.DayWeek", "condition", task)).toBeNull();
  });

  it("is handed over, and stays when the page is loaded anew", () => {
    expect(givenExample()).toBeNull();
    giveExample("id: a");
    expect([givenExample(), givenExample()]).toEqual(["id: a", "id: a"]);
  });
});
