import { renderHook, waitFor } from "@testing-library/react";
import Elk from "elkjs/lib/elk.bundled.js";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { drawingOf } from "@/graph/drawing";
import { example, task } from "@/graph/example";
import { useLayout } from "@/graph/useLayout";

const laidOut = vi.hoisted(() => vi.fn());
vi.mock("@/graph/elk", () => ({ laidOut }));

const other = (name: string) => {
  const graph = example();
  graph.nodes.push(task(`root.${name}`));
  return drawingOf(graph);
};

describe("a layout", () => {
  beforeEach(() => {
    laidOut.mockReset().mockImplementation((graph) => new Elk().layout(graph));
  });

  it("is elk's", async () => {
    const { result } = renderHook(() => useLayout(drawingOf(example())));
    expect(result.current).toBeNull();
    await waitFor(() => expect(result.current?.simple).toBeNull());
    expect(result.current?.placed.places).toHaveLength(13);
  });

  it("is not made again when only states are new", async () => {
    const { result, rerender } = renderHook(({ drawing }) => useLayout(drawing), { initialProps: { drawing: other("again") } });
    await waitFor(() => expect(result.current).not.toBeNull());
    const first = result.current;
    rerender({ drawing: other("again") });
    expect(result.current).toBe(first);
    expect(laidOut).toHaveBeenCalledTimes(1);
  });

  it("stays until that of a new shape is there", async () => {
    const { result, rerender } = renderHook(({ drawing }) => useLayout(drawing), { initialProps: { drawing: other("before") } });
    await waitFor(() => expect(result.current).not.toBeNull());
    const first = result.current;
    rerender({ drawing: other("after") });
    expect(result.current).toBe(first);
    await waitFor(() => expect(result.current).not.toBe(first));
  });

  it("is the simple one where elk fails, and says why", async () => {
    laidOut.mockRejectedValue(new Error("the worker did not start"));
    const { result } = renderHook(() => useLayout(other("broken")));
    await waitFor(() => expect(result.current?.simple).toBe("the worker did not start"));
    expect(result.current?.placed.places.length).toBeGreaterThan(10);
  });
});
