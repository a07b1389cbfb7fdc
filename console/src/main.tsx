import { render } from "preact";

import { loginFromAddress } from "./server/login";
import { App } from "./shell/app";
import { recordSockets } from "./timeline/recorded_socket";
import "./styles/colours.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/talk.css";
import "./styles/settings.css";
import "./styles/timeline.css";
import "./styles/pages.css";
import "./styles/charts.css";
import "./styles/live.css";
import "./styles/code.css";
import "./styles/tokens.css";
import "./styles/bots.css";

recordSockets();
await loginFromAddress();
// A link opened in a tab that already shows the page changes only the fragment after "#".
addEventListener("hashchange", () => void loginFromAddress());
render(<App />, document.getElementById("app") ?? document.body);
