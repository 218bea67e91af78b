import { Page } from "@/parts/Page";

export default function NamespacesPage() {
  return <Page title="Namespaces">{null}</Page>;
}
