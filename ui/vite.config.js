// Builds the style sheets and the islands into dist/assets with a manifest; the server turns source paths into hashed addresses by it.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    outDir: "dist",
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      preserveEntrySignatures: "exports-only",
      input: ["styles/main.css", "styles/favicon.svg", "islands/main.ts"],
    },
  },
  worker: { format: "es" },
});
