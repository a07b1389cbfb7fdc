"""The documentation site, made of the Markdown files as they are: ``make docs`` writes it to build/docs.

Sphinx reads the whole repository as its source, so that links from docs/ to README.md and CHANGELOG.md are pages too.
"""

project = "kouyu"
html_title = "kouyu"
html_theme = "shibuya"
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "bench/peers/README.md"]
exclude_patterns = ["docs/site"]
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_fence_as_directive = ["mermaid"]
# The pages load nothing from other hosts: the browser draws diagrams with a script of the site's own (package.json),
# and a template replaces the theme's request for a web font.
templates_path = ["templates"]
html_static_path = ["static", "../../.venv-docs/node_modules/@mermaid-js/tiny/dist"]
mermaid_use_local = "mermaid.mjs"
myst_heading_anchors = 4
# A shell session or an abridged JSON object is no valid program of its language.
suppress_warnings = ["misc.highlighting_failure"]
