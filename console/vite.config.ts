import { defineConfig } from "vite";

import { sourcesManifest } from "./bundling/sources_manifest.ts";
import { thirdPartyLicences } from "./bundling/third_party_licences.ts";

const capture = (file: string): string => new URL(`./src/capture/${file}`, import.meta.url).pathname;

export default defineConfig({
  base: "./",
  // The client's recorder and codecs come with a conference SDK and two megabytes of Opus. What the client uses of
  // them is in src/capture; nothing of the SDK, which reports to its vendor, gets into the page.
  resolve: {
    alias: [
      { find: /^agora-rtc-sdk-ng(\/esm)?$/, replacement: capture("agora_rtc_sdk.ts") },
      { find: /^agora-rte-extension$/, replacement: capture("agora_rte_extension.ts") },
      { find: /^agora-extension-ai-denoiser$/, replacement: capture("agora_ai_denoiser.ts") },
      { find: /^opus-encdec\/dist\/libopus-encoder\.js$/, replacement: capture("opus_encoder_library.ts") },
      { find: /^opus-encdec\/dist\/libopus-decoder\.js$/, replacement: capture("opus_decoder_library.ts") },
    ],
  },
  // `npm run dev` shows the sources as they change, before a server that runs.
  server: { proxy: { "/v1": { target: process.env["KOUYU"] ?? "http://127.0.0.1:8080", ws: true } } },
  build: {
    outDir: "../kouyu/console",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  plugins: [thirdPartyLicences(), sourcesManifest()],
});
