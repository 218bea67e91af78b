import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const STATIC = "../onbeat/static";

/** Put a compressed file beside each that is worth it: the daemon sends it as it is. */
function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir, "assets");
    },
    writeBundle: () => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (/\.(js|css|svg|json)$/.test(name) && statSync(path).size > 1024) {
          writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), precompress()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: { outDir: STATIC, emptyOutDir: true, target: "es2022", sourcemap: false, assetsInlineLimit: 0, chunkSizeWarningLimit: 1600 },
  worker: { format: "es" },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      // Host stays the page's own: the daemon refuses changes that another origin asks for.
      ["/api", "/login", "/oidc", "/health", "/metrics"].map((path) => [
        path,
        { target: process.env.ONBEAT_SERVER ?? "http://127.0.0.1:8080", changeOrigin: false },
      ]),
    ),
  },
});
