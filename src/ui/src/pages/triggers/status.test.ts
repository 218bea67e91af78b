import { describe, expect, it } from "vitest";
import type { Trigger } from "@/api/types";
import { chosen, counts, flowParts, lookOf, ordered, statusOf, topicsOf } from "@/pages/triggers/status";

const trigger = (name: string, more: Partial<Trigger> = {}): Trigger =>
  ({
    name,
    type: "core.trigger.Event",
    flows: [name.slice(0, name.lastIndexOf("."))],
    status: "ready",
    disabled: false,
    pausedBecause: null,
    namespace: null,
    trigger: {},
    state: { backfill: null },
    ...more,
  }) as unknown as Trigger;

const backfill = (paused: boolean) => ({ backfill: { paused } }) as unknown as Trigger["state"];
const failing = trigger("z.f.failing", { status: "failing", pausedBecause: "no Kafka broker answers" });
const paused = trigger("z.f.paused", { status: "failing", pausedBecause: "waiting, nothing is lost: the store is full" });
const off = trigger("a.f.off", { status: "disabled", disabled: true, pausedBecause: "it was switched off" });
const starting = trigger("m.f.starting", { status: "starting" });
const filling = trigger("m.f.filling", { type: "core.trigger.Schedule", state: backfill(false) });
const ready = trigger("b.f.ready");
const all = [off, ready, filling, starting, paused, failing];

describe("how a trigger is", () => {
  it("is one of six", () => {
    expect(all.map(statusOf)).toEqual(["off", "listening", "backfill", "starting", "paused", "failing"]);
  });

  it("is listening again while its backfill waits", () => {
    expect(statusOf(trigger("a.b.c", { state: backfill(true) }))).toBe("listening");
  });

  it("is scheduled when it is a schedule that is well", () => {
    expect(lookOf(trigger("a.b.c", { type: "core.trigger.Schedule" })).word).toBe("Scheduled");
    expect(lookOf(ready).word).toBe("Listening");
  });
});

describe("the list", () => {
  it("has the failing and paused first, then by name, and changes nothing in place", () => {
    const before = [...all];
    const names = ordered([...all, trigger("a.f.ready")]).map((each) => each.name);
    expect(names).toEqual(["z.f.failing", "z.f.paused", "m.f.starting", "m.f.filling", "a.f.ready", "b.f.ready", "a.f.off"]);
    expect(all).toEqual(before);
  });

  it("is filtered by words of the name, flow and trouble", () => {
    expect(chosen(all, { q: "kafka BROKER" })).toEqual([failing]);
    expect(chosen(all, { q: "ready nothing" })).toEqual([]);
  });

  it("is filtered by namespace with those below it", () => {
    const inner = trigger("shop.eu.f.t", { flows: ["shop.eu.f"] });
    const other = trigger("shopping.f.t", { flows: ["shopping.f"] });
    expect(chosen([inner, other], { namespace: "shop" })).toEqual([inner]);
  });

  it("is filtered by status and type", () => {
    expect(chosen(all, { status: ["failing", "off"] })).toEqual([off, failing]);
    expect(chosen(all, { type: ["core.trigger.Schedule"] })).toEqual([filling]);
    expect(chosen(all, { status: [], type: [] })).toEqual(all);
  });

  it("counts by status, worst first, only what there is", () => {
    expect(counts([ready, failing, ready])).toEqual([
      ["failing", 1],
      ["listening", 2],
    ]);
  });
});

it("knows the topics of a trigger, also of one that waits for several", () => {
  expect(topicsOf(trigger("a.b.c", { trigger: { topic: "orders" } }))).toEqual(["orders"]);
  expect(topicsOf(trigger("a.b.c", { trigger: { topic: ["a", "b"] } }))).toEqual(["a", "b"]);
  expect(topicsOf(trigger("a.b.c", { trigger: { correlate: { all: [{ topic: "x" }, {}] } } }))).toEqual(["x"]);
  expect(topicsOf(trigger("a.b.c", { trigger: {} }))).toEqual([]);
});

it("takes a flow's name apart at its last dot", () => {
  expect(flowParts("shop.eu.order")).toEqual({ namespace: "shop.eu", flow: "order" });
});
