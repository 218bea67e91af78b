import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  test: {
    environment: "happy-dom",
    isolate: false, // one window for all files of a thread: to make 63 took ten times as long as the tests
    pool: "threads",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 60_000,
    setupFiles: ["src/test.setup.ts"],
  },
});
