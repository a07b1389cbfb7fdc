import { render } from "preact";

import { loginFromAddress } from "./server/login";
import { App } from "./shell/app";
import "./styles/colours.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/talk.css";
import "./styles/settings.css";
import "./styles/timeline.css";
import "./styles/pages.css";

await loginFromAddress();
// A link that is opened in a tab which shows the page already changes nothing but the part behind "#".
addEventListener("hashchange", () => void loginFromAddress());
render(<App />, document.getElementById("app") ?? document.body);
