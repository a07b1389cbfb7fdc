#!/bin/sh
# How @mermaid-js/tiny, Mermaid's single-file build, can be loaded.
#
# Expected: its package.json says "type": "commonjs" and names the file as "main", so require() and, in a browser, import
# give Mermaid.
# Seen with 12.0.0: both raise TypeError. The file stores its exports in a top-level `var` and reads them back from globalThis;
# that is the same variable only in a classic script, such as an HTML <script> element or a vm script. So a page has to load it
# by a script element, and documentation tools that import Mermaid as a module need a wrapper.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --ignore-scripts @mermaid-js/tiny@12.0.0 2>/dev/null
cat >load.cjs <<'JS'
const assert = require("node:assert");
const { copyFileSync, readFileSync } = require("node:fs");
const { runInThisContext } = require("node:vm");

const file = require.resolve("@mermaid-js/tiny");
const fault = { name: "TypeError", message: /reading 'mermaid'/ };
assert.throws(() => require("@mermaid-js/tiny"), fault);
console.log("require: TypeError");
copyFileSync(file, "tiny.mjs");
assert.rejects(import("./tiny.mjs"), fault).then(() => {
  console.log("import: TypeError");
  runInThisContext(readFileSync(file, "utf8"));
  assert.equal(typeof globalThis.mermaid.render, "function");
  console.log("classic script: mermaid", typeof globalThis.mermaid);
});
JS
node load.cjs
