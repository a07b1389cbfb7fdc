import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Plugin } from "vite";

/** What the built page depends on, beside the sources in `src` and `bundling`. */
const FILES = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
const FOLDERS = ["src", "bundling"];

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

function filesUnder(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** One line "<sha256>  <path>" for each file, sorted by path, hashed: a plain test can make the same sum. */
function hashOf(root: string, files: string[]): string {
  const paths = files.map((file) => relative(root, file)).sort();
  return sha256(paths.map((path) => `${sha256(readFileSync(join(root, path)))}  ${path}\n`).join(""));
}

/** Writes `manifest.json` beside the built page: the hash of the sources it was made of, and the hash of itself. */
export function sourcesManifest(): Plugin {
  let root = "";
  let output = "";
  return {
    name: "sources-manifest",
    apply: "build",
    configResolved(config) {
      root = config.root;
      output = resolve(config.root, config.build.outDir);
    },
    writeBundle() {
      const sources = [...FILES.map((file) => join(root, file)), ...FOLDERS.flatMap((name) => filesUnder(join(root, name)))];
      const manifest = { sources: hashOf(root, sources), page: hashOf(output, filesUnder(output)) };
      writeFileSync(join(output, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
    },
  };
}
