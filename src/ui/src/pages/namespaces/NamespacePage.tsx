import { Page } from "@/parts/Page";

export default function NamespacePage() {
  return <Page title="Namespace">{null}</Page>;
}
