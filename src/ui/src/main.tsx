import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/global.css";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";

// Libraries that put a <style> into the page ask for the nonce by this name (get-nonce).
Object.assign(globalThis, { __webpack_nonce__: document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content });

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
