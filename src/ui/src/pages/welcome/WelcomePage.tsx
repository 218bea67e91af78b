import { Page } from "@/parts/Page";

export default function WelcomePage() {
  return <Page title="Welcome">{null}</Page>;
}
