import { render } from "preact";

import { loginFromAddress } from "./server/login";
import { App } from "./shell/app";
import { loginProblem } from "./shell/login_problem";
import "./styles/colours.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/talk.css";
import "./styles/settings.css";
import "./styles/timeline.css";
import "./styles/pages.css";

try {
  await loginFromAddress();
} catch (reason) {
  loginProblem.value = reason instanceof Error ? reason.message : String(reason);
}
render(<App />, document.getElementById("app") ?? document.body);
