// sphinxcontrib-mermaid imports mermaid as a module, but @mermaid-js/tiny is a classic script that sets a global variable.
// The page's load event, at which the diagrams are drawn, waits for the script element.
const script = document.createElement("script");
script.src = new URL("mermaid.tiny.js", import.meta.url).href;
await new Promise((resolve, reject) => {
  script.onload = resolve;
  script.onerror = reject;
  document.head.append(script);
});

export default globalThis.mermaid;
