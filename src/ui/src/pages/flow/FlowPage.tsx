import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/api/client";
import { Topology } from "@/graph/Topology";
import { Page } from "@/parts/Page";

export default function FlowPage() {
  const { namespace, flow } = useParams({ from: "/flows/$namespace/$flow" });
  const [task, setTask] = useState<string>();
  const graph = useQuery({
    queryKey: ["flow-graph", namespace, flow],
    queryFn: () => api.get("/flows/{namespace}/{id}/graph", { params: { path: { namespace, id: flow } } }),
  });
  return (
    <Page title={flow} wide>
      {graph.data && <Topology graph={graph.data} selected={task} onSelect={setTask} />}
    </Page>
  );
}
